#include "gate/kernel/revisions.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/ascii.hpp"

namespace gatepost::gate {
namespace {

namespace json = boost::json;
using json::value;

constexpr std::array<std::string_view, 3> kStates = {"pending", "confirmed", "reverted"};

std::optional<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

std::optional<json::object> read_object(const std::filesystem::path& path) {
  const auto text = read_file(path);
  if (!text) return std::nullopt;
  boost::system::error_code error;
  value root = json::parse(*text, error);
  if (error || !root.is_object()) return std::nullopt;
  return std::move(root.get_object());
}

std::string text(const json::object& o, const char* key) {
  const value* v = o.if_contains(key);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

std::int64_t number(const json::object& o, const char* key) {
  const value* v = o.if_contains(key);
  return v != nullptr && v->is_int64() ? v->get_int64() : 0;
}

TimePoint moment(const json::object& o, const char* key) {
  return date::parse_rfc3339(text(o, key)).value_or(TimePoint{});
}

std::string name_of(std::uint64_t revision) { return fmt::format("revision-{}.json", revision); }

Error system_error(std::string_view what) {
  return {Errc::unavailable, fmt::format("{}: {}", what, std::strerror(errno))};
}

Result<> sync_directory(const std::filesystem::path& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return std::unexpected(system_error(directory.string()));
  const int status = ::fsync(fd);
  ::close(fd);
  if (status != 0) return std::unexpected(system_error(directory.string()));
  return {};
}

}  // namespace

std::string_view to_string(Revision::State s) { return kStates[static_cast<std::size_t>(s)]; }

std::string boot_id() {
  return std::string(ascii::trim(read_file("/proc/sys/kernel/random/boot_id").value_or("unknown")));
}

std::int64_t boottime_now() {
  timespec t{};
  ::clock_gettime(CLOCK_BOOTTIME, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

Revisions::Revisions(Revisions&& other) noexcept
    : directory_(std::move(other.directory_)), lock_(std::exchange(other.lock_, -1)) {}

Revisions& Revisions::operator=(Revisions&& other) noexcept {
  std::swap(directory_, other.directory_);
  std::swap(lock_, other.lock_);
  return *this;
}

Revisions::~Revisions() {
  if (lock_ >= 0) ::close(lock_);
}

Result<Revisions> Revisions::open(const std::filesystem::path& directory) {
  std::error_code error;
  if (!std::filesystem::exists(directory, error)) {
    std::filesystem::create_directories(directory.parent_path(), error);
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
      return std::unexpected(system_error(directory.string()));
  }
  struct stat s{};
  if (::lstat(directory.c_str(), &s) != 0) return std::unexpected(system_error(directory.string()));
  // Its files are batches that root runs.
  if (!S_ISDIR(s.st_mode) || s.st_uid != ::geteuid() || (s.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(Errc::denied, fmt::format("{} has to be a directory that belongs to whoever runs this, and nobody else "
                                          "may write to it",
                                          directory.string()));
  }
  return Revisions(directory);
}

Result<> Revisions::lock(bool wait) {
  if (lock_ >= 0) return {};
  const std::filesystem::path path = directory_ / "lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return std::unexpected(system_error(path.string()));
  while (::flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    const bool taken = errno == EWOULDBLOCK;
    ::close(fd);
    if (taken) return fail(Errc::conflict, "somebody else is changing the rules at this moment");
    return std::unexpected(system_error(path.string()));
  }
  lock_ = fd;
  return {};
}

Result<> Revisions::write(const std::string& name, const std::string& content) {
  const std::filesystem::path aside = directory_ / (name + ".new");
  const int fd = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return std::unexpected(system_error(aside.string()));
  std::string_view rest = content;
  bool good = true;
  while (good && !rest.empty()) {
    const ssize_t n = ::write(fd, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    good = n > 0;
    if (good) rest.remove_prefix(static_cast<std::size_t>(n));
  }
  good = good && ::fsync(fd) == 0;
  Error error = good ? Error{} : system_error(aside.string());
  ::close(fd);
  if (!good) return std::unexpected(std::move(error));
  if (::rename(aside.c_str(), (directory_ / name).c_str()) != 0) return std::unexpected(system_error(aside.string()));
  return sync_directory(directory_);
}

std::optional<Revision> Revisions::get(std::uint64_t wanted) const {
  const auto o = read_object(directory_ / name_of(wanted));
  if (!o) return std::nullopt;
  Revision r;
  r.number = wanted;
  r.hash = text(*o, "hash");
  const auto state = std::ranges::find(kStates, text(*o, "state"));
  if (state == kStates.end()) return std::nullopt;
  r.state = static_cast<Revision::State>(state - kStates.begin());
  r.applied = moment(*o, "applied");
  r.by = text(*o, "by");
  r.text = text(*o, "text");
  r.note = text(*o, "note");
  return r;
}

std::vector<Revision> Revisions::all() const {
  std::vector<Revision> out;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, error)) {
    const std::string name = entry.path().filename().string();
    constexpr std::string_view kStem = "revision-";
    std::uint64_t n = 0;
    if (!name.starts_with(kStem)) continue;
    const auto [end, wrong] = std::from_chars(name.data() + kStem.size(), name.data() + name.size(), n);
    if (wrong != std::errc() || std::string_view(end) != ".json") continue;
    if (auto one = get(n)) out.push_back(*std::move(one));
  }
  std::ranges::sort(out, std::ranges::greater{}, &Revision::number);
  return out;
}

std::optional<Revision> Revisions::current() const {
  for (Revision& r : all()) {
    if (r.state == Revision::State::confirmed) return std::move(r);
  }
  return std::nullopt;
}

std::uint64_t Revisions::next_number() const {
  const auto known = all();
  return known.empty() ? 1 : known.front().number + 1;
}

std::optional<Pending> Revisions::pending() const {
  const auto o = read_object(directory_ / "pending.json");
  if (!o) return std::nullopt;
  Pending p;
  p.revision = static_cast<std::uint64_t>(number(*o, "revision"));
  p.boot_id = text(*o, "boot_id");
  p.deadline_boottime = number(*o, "deadline_boottime");
  p.deadline = moment(*o, "deadline");
  p.revert = text(*o, "revert");
  p.ssh = parse_ssh_connection(text(*o, "ssh"));
  return p;
}

Result<> Revisions::put(const Revision& r) {
  const json::object o{{"hash", r.hash},
                       {"state", to_string(r.state)},
                       {"applied", date::format_rfc3339(r.applied)},
                       {"by", r.by},
                       {"note", r.note},
                       {"text", r.text}};
  GP_CHECK(write(name_of(r.number), json::serialize(o)));
  const auto known = all();
  const auto now = current();
  for (std::size_t i = kKeptRevisions; i < known.size(); ++i) {
    // The rules that are in force are kept whatever their age.
    if (now && known[i].number == now->number) continue;
    std::error_code error;
    std::filesystem::remove(directory_ / name_of(known[i].number), error);
  }
  return {};
}

Result<> Revisions::put(const Pending& p) {
  json::object o{{"revision", p.revision},
                 {"boot_id", p.boot_id},
                 {"deadline_boottime", p.deadline_boottime},
                 {"deadline", date::format_rfc3339(p.deadline)},
                 {"revert", p.revert}};
  if (p.ssh)
    o["ssh"] = fmt::format("{} {} {} {}", p.ssh->client.to_string(), p.ssh->client_port, p.ssh->server.to_string(),
                           p.ssh->server_port);
  return write("pending.json", json::serialize(o));
}

Result<> Revisions::end_pending() {
  std::error_code error;
  std::filesystem::remove(directory_ / "pending.json", error);
  if (error) return fail(Errc::unavailable, error.message());
  return sync_directory(directory_);
}

}  // namespace gatepost::gate
