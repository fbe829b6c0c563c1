#include "store/test_support.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <random>
#include <stdexcept>

namespace gatepost::store {

TestDirectory::TestDirectory(std::string_view purpose) {
  std::string pattern =
      (std::filesystem::temp_directory_path() / ("gatepost-" + std::string(purpose) + "-XXXXXX")).string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
  path_ = pattern;
}

TestDirectory::~TestDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Options test_options(const std::filesystem::path& directory) {
  Options options;
  options.directory = directory / "store";
  options.cache_octets = 8 << 20;
  options.reserve_octets = 0;
  return options;
}

std::string mail_of(std::size_t octets, unsigned seed) {
  static constexpr std::string_view kAlphabet = "etaoin shrdlu ETAOIN 0123456789,.\n";
  std::mt19937 random(seed);
  std::string text(octets, '\0');
  for (char& c : text) c = kAlphabet[random() % kAlphabet.size()];
  return text;
}

namespace {

int refuse(int error) {
  errno = error;
  return -1;
}

bool is_log(const std::string& path) { return path.ends_with(".log"); }

std::string path_of(int fd) {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), ignored).string();
}

}  // namespace

ssize_t FailingDisk::pwrite(int fd, const char* octets, std::size_t count, std::uint64_t offset) {
  note("write body");
  if (body_write != 0) return refuse(body_write);
  unsigned left = writes_until_full;
  while (left != ~0u && left != 0 && !writes_until_full.compare_exchange_weak(left, left - 1)) {
  }
  if (left == 0) {
    // A full disk takes what still fits.
    if (count > 1) (void)!Disk::pwrite(fd, octets, count / 2, offset);
    return refuse(ENOSPC);
  }
  return Disk::pwrite(fd, octets, count, offset);
}

int FailingDisk::fdatasync(int fd) {
  note("sync body");
  return body_sync != 0 ? refuse(body_sync) : Disk::fdatasync(fd);
}

Result<Disk::Space> FailingDisk::space(const std::filesystem::path&) { return Space{1ull << 40, available}; }

int FailingDisk::engine_write(const std::string& path, std::size_t octets) {
  if (octets == 0) return engine_write_error == ENOSPC ? 0 : engine_write_error.load();  // a new file needs no room
  if (is_log(path)) note("write log");
  return engine_write_error;
}

int FailingDisk::engine_sync(const std::string& path) {
  if (is_log(path)) note("sync log");
  return engine_sync_error;
}

void FailingDisk::note(std::string_view call) {
  std::lock_guard lock(mutex_);
  if (calls_.empty() || calls_.back() != call) calls_.emplace_back(call);
}

std::vector<std::string> FailingDisk::calls() const {
  std::lock_guard lock(mutex_);
  return calls_;
}

void FailingDisk::forget_calls() {
  std::lock_guard lock(mutex_);
  calls_.clear();
}

ssize_t PowerlessDisk::pwrite(int fd, const char* octets, std::size_t count, std::uint64_t offset) {
  {
    std::lock_guard lock(mutex_);
    if (!power_) return refuse(EIO);
    unsynced_[path_of(fd)].push_back({offset, offset + count});
  }
  return Disk::pwrite(fd, octets, count, offset);
}

int PowerlessDisk::fdatasync(int fd) {
  std::lock_guard lock(mutex_);
  if (!power_) return refuse(EIO);
  // A write that is under way on another thread is not part of this sync, but a test that keeps it loses nothing: its
  // caller has not been told that it is there.
  unsynced_[path_of(fd)].clear();
  return Disk::fdatasync(fd);
}

int PowerlessDisk::engine_write(const std::string& path, std::size_t octets) {
  std::lock_guard lock(mutex_);
  if (!power_) return EIO;
  if (octets == 0) engine_[path] = {};
  engine_[path].octets += octets;
  return 0;
}

int PowerlessDisk::engine_sync(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (!power_) return EIO;
  engine_[path].synced = engine_[path].octets;
  return 0;
}

void PowerlessDisk::cut_power() {
  std::lock_guard lock(mutex_);
  power_ = false;
}

void PowerlessDisk::copy_what_is_left(const std::filesystem::path& from, const std::filesystem::path& to,
                                      unsigned seed) {
  std::lock_guard lock(mutex_);
  std::mt19937 random(seed);
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  const auto copied = [&](const std::string& path) { return to / std::filesystem::relative(path, from); };
  for (const auto& [path, ranges] : unsynced_) {
    const auto copy = copied(path);
    if (!std::filesystem::exists(copy)) continue;
    std::fstream file(copy, std::ios::in | std::ios::out | std::ios::binary);
    for (const Range& range : ranges) {
      if (random() % 3 == 0) continue;
      file.seekp(static_cast<std::streamoff>(range.begin));
      file << std::string(range.end - range.begin, '\0');
    }
  }
  for (const auto& [path, written] : engine_) {
    const auto copy = copied(path);
    if (!std::filesystem::exists(copy) || std::filesystem::file_size(copy) <= written.synced) continue;
    if (path.ends_with(".log") && random() % 2 == 0) {
      // Its room was there before: what was not synced is missing page by page.
      std::fstream file(copy, std::ios::in | std::ios::out | std::ios::binary);
      for (std::uint64_t at = written.synced, end = 0; at < written.octets; at = end) {
        end = std::min(written.octets, at / 4096 * 4096 + 4096);
        if (random() % 2 == 0) continue;
        file.seekp(static_cast<std::streamoff>(at));
        file << std::string(end - at, '\0');
      }
      continue;
    }
    std::filesystem::resize_file(copy,
                                 written.synced + random() % (std::filesystem::file_size(copy) - written.synced + 1));
  }
}

}  // namespace gatepost::store
