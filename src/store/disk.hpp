#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace gatepost::store {

// The system calls whose failures a store must survive; tests give one that fails. Thread-safe. Answers and errno as
// the calls of the same name.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual ssize_t pwrite(int fd, const char* octets, std::size_t count, std::uint64_t offset);
  virtual int fdatasync(int fd);
  struct Space {
    std::uint64_t total = 0, available = 0;  // octets
  };
  virtual Result<Space> space(const std::filesystem::path& directory);
  // The key engine's own files: asked before each write and each sync of one; 0, or the errno the engine shall see.
  virtual int engine_write(const std::string& path, std::size_t octets);
  virtual int engine_sync(const std::string& path);
};

// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd();
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

// Result of a failed call, from errno: disk_full, not_found, already_exists or unavailable.
std::unexpected<Error> system_failure(std::string_view call, const std::filesystem::path& path);

Result<Fd> open_file(const std::filesystem::path& path, int flags);
Result<std::uint64_t> file_size(int fd);
// All of `octets`, in as many calls as it takes.
Result<> write_all(Disk& disk, int fd, std::string_view octets, std::uint64_t offset);
// All of `out`; Errc::corrupt when the file ends before.
Result<> read_all_at(int fd, std::span<char> out, std::uint64_t offset);
// Makes the names in a directory durable.
Result<> sync_directory(const std::filesystem::path& directory);
Result<std::vector<std::filesystem::path>> files_in(const std::filesystem::path& directory);
Result<> make_directories(const std::filesystem::path& directory);
// Keeps other processes from opening `directory` as a store, until the Fd goes. `shared`: only those that would write.
// Errc::unavailable when another opener is in the way.
Result<Fd> lock_directory(const std::filesystem::path& directory, bool shared);
// A hard link, or a synced copy where links are impossible.
Result<> link_or_copy(const std::filesystem::path& from, const std::filesystem::path& to);
// A synced copy of the first `octets`.
Result<> copy_front(const std::filesystem::path& from, const std::filesystem::path& to, std::uint64_t octets);

}  // namespace gatepost::store
