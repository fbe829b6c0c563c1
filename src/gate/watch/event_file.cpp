#include "gate/watch/event_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/digest.hpp"

namespace gatepost::gate::watch {
namespace {

using runtime::UniqueFd;

// A head of the size of a record, then the records: number n stands in place (n - 1) % events.
constexpr std::string_view kMagic = "GPEVENTS";
constexpr std::size_t kVersionAt = 8, kOpenedAt = 16, kAliveAt = 24, kGapsAt = 32, kCrcAt = 40, kHeadOctets = 44;
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kMostOctets = 64U << 20;

void put_number(std::string& out, std::size_t at, std::uint64_t value, std::size_t octets) {
  for (std::size_t i = 0; i < octets; ++i) out[at + i] = static_cast<char>(value >> (8 * i) & 0xff);
}
std::uint64_t get_number(std::string_view in, std::size_t at, std::size_t octets) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < octets; ++i) value |= std::uint64_t{static_cast<unsigned char>(in[at + i])} << (8 * i);
  return value;
}
TimePoint bounded_time(std::uint64_t value) {
  return TimePoint(
      std::chrono::microseconds(static_cast<std::int64_t>(std::min<std::uint64_t>(value, 4'000'000'000'000'000))));
}

Error error_of(const std::filesystem::path& path) {
  const int why = errno;
  return {why == ENOENT                   ? Errc::not_found
          : why == EACCES || why == EPERM ? Errc::denied
                                          : Errc::unavailable,
          fmt::format("{}: {}", path.string(), std::strerror(why))};
}

Result<std::string> contents(int fd, const std::filesystem::path& path) {
  std::string out;
  char piece[64 << 10];
  for (;;) {
    const ssize_t got = ::pread(fd, piece, sizeof piece, static_cast<off_t>(out.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(error_of(path));
    if (got == 0) return out;
    out.append(piece, static_cast<std::size_t>(got));
    if (out.size() > kMostOctets) return fail(Errc::invalid, path.string() + " is no file of firewall events");
  }
}

Result<> write_at(int fd, std::string_view octets, std::size_t at) {
  while (!octets.empty()) {
    const ssize_t n = ::pwrite(fd, octets.data(), octets.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(errno == ENOSPC ? Errc::disk_full : Errc::unavailable, std::strerror(errno));
    octets.remove_prefix(static_cast<std::size_t>(n));
    at += static_cast<std::size_t>(n);
  }
  return {};
}

}  // namespace

std::filesystem::path event_file_path(const std::filesystem::path& state_dir) { return state_dir / "events"; }

Result<EventsRead> read_events(std::string_view octets) {
  if (octets.size() < kRecordOctets || !octets.starts_with(kMagic) || get_number(octets, kVersionAt, 4) != kVersion)
    return fail(Errc::invalid, "no file of firewall events");
  EventsRead out;
  // A head that was being written counts as none: then nothing is claimed of what was heard.
  if (get_number(octets, kCrcAt, 4) == crc32c(octets.substr(0, kCrcAt))) {
    out.opened = bounded_time(get_number(octets, kOpenedAt, 8));
    out.alive = bounded_time(get_number(octets, kAliveAt, 8));
    out.gaps = get_number(octets, kGapsAt, 8);
  }
  for (std::size_t at = kRecordOctets; at + kRecordOctets <= octets.size(); at += kRecordOctets) {
    if (auto event = decode(octets.substr(at, kRecordOctets))) out.events.push_back(*std::move(event));
  }
  std::ranges::sort(out.events, {}, &KeptEvent::number);
  return out;
}

Result<EventsRead> read_event_file(const std::filesystem::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) return std::unexpected(error_of(path));
  GP_TRY(const std::string octets, contents(fd.get(), path));
  return read_events(octets);
}

Result<EventFile> EventFile::open(const std::filesystem::path& path, TimePoint now, std::size_t events) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return std::unexpected(error_of(path));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(Errc::conflict, "another gatepost gate watch writes " + path.string());
  GP_TRY(const std::string octets, contents(fd.get(), path));
  std::uint64_t number = 0;
  if (!octets.empty()) {
    const auto before = read_events(octets);
    if (!before) return fail(Errc::invalid, path.string() + ": " + before.error().detail);
    for (const KeptEvent& one : before->events) number = std::max(number, one.number);
  }
  EventFile out(std::move(fd), std::max<std::size_t>(events, 1), number, now);
  GP_CHECK(out.alive(now, 0));
  return out;
}

Result<> EventFile::add(KeptEvent event) {
  event.number = ++number_;
  const EventRecord record = encode(event);
  return write_at(fd_.get(), {record.data(), record.size()}, kRecordOctets * (1 + (number_ - 1) % events_));
}

Result<> EventFile::alive(TimePoint now, std::uint64_t gaps) {
  std::string head(kRecordOctets, '\0');
  head.replace(0, kMagic.size(), kMagic);
  put_number(head, kVersionAt, kVersion, 4);
  put_number(head, kOpenedAt, micros(opened_), 8);
  put_number(head, kAliveAt, micros(now), 8);
  put_number(head, kGapsAt, gaps, 8);
  put_number(head, kCrcAt, crc32c(std::string_view(head).substr(0, kCrcAt)), 4);
  static_assert(kHeadOctets <= kRecordOctets);
  return write_at(fd_.get(), head, 0);
}

}  // namespace gatepost::gate::watch
