#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/date.hpp"
#include "base/result.hpp"

namespace gatepost::transfer {

// A file that is read or written from its beginning to its end. Not thread-safe.
class File {
 public:
  File() = default;
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  // Only what is a plain file itself. Errc::not_found, denied, invalid (no plain file).
  static Result<File> open(const std::filesystem::path& path);
  // Errc::already_exists: there is one of that name.
  static Result<File> create(const std::filesystem::path& path);
  static Result<File> append(const std::filesystem::path& path);  // to one that create() made

  Result<std::size_t> read(std::span<char> out);
  Result<> write(std::string_view octets);
  Result<> sync();
  Result<> set_time(TimePoint modified);
  TimePoint modified() const { return modified_; }  // of a file that was opened; whole seconds
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
  std::string name_;
  TimePoint modified_{};
};

// All of a small file; empty when there is none or it has more than `most` octets.
std::string read_small(const std::filesystem::path& path, std::size_t most);
Result<> sync_directory(const std::filesystem::path& path);

}  // namespace gatepost::transfer
