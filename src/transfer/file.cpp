#include "transfer/file.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "transfer/message.hpp"

namespace gatepost::transfer {
namespace {

std::unexpected<Error> failure(const std::string& name) {
  const Errc code = errno == ENOENT || errno == ENOTDIR  ? Errc::not_found
                    : errno == EEXIST                    ? Errc::already_exists
                    : errno == ENOSPC || errno == EDQUOT ? Errc::disk_full
                    : errno == ELOOP                     ? Errc::invalid
                                                         : Errc::denied;
  return fail(code, name + ": " + std::strerror(errno));
}

}  // namespace

File::File(File&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), name_(std::move(other.name_)), modified_(other.modified_) {}
File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(name_, other.name_);
  std::swap(modified_, other.modified_);
  return *this;
}
File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Result<File> File::open(const std::filesystem::path& path) {
  File file;
  file.name_ = path.string();
  // Not to wait for a pipe that somebody put there.
  file.fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file.fd_ < 0) return failure(file.name_);
  struct stat about{};
  if (::fstat(file.fd_, &about) != 0) return failure(file.name_);
  if (!S_ISREG(about.st_mode)) return fail(Errc::invalid, file.name_ + " is no plain file");
  file.modified_ = TimePoint(std::chrono::seconds(std::clamp<std::int64_t>(about.st_mtime, -kMaxSeconds, kMaxSeconds)));
  return file;
}

Result<File> File::create(const std::filesystem::path& path) {
  File file;
  file.name_ = path.string();
  file.fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file.fd_ < 0) return failure(file.name_);
  return file;
}

Result<File> File::append(const std::filesystem::path& path) {
  File file;
  file.name_ = path.string();
  file.fd_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
  if (file.fd_ < 0) return failure(file.name_);
  return file;
}

Result<std::size_t> File::read(std::span<char> out) {
  for (;;) {
    const ssize_t n = ::read(fd_, out.data(), out.size());
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) return failure(name_);
  }
}

Result<> File::write(std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t n = ::write(fd_, octets.data(), octets.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failure(name_);
    octets.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<> File::sync() {
  if (::fsync(fd_) != 0) return failure(name_);
  return {};
}

Result<> File::set_time(TimePoint modified) {
  const auto s = std::chrono::floor<std::chrono::seconds>(modified).time_since_epoch().count();
  const timespec times[2] = {{s, 0}, {s, 0}};
  if (::futimens(fd_, times) != 0) return failure(name_);
  return {};
}

std::string read_small(const std::filesystem::path& path, std::size_t most) {
  auto file = File::open(path);
  if (!file) return {};
  std::string text;
  std::vector<char> piece(16 << 10);
  for (;;) {
    const auto n = file->read(piece);
    if (!n) return {};
    if (*n == 0) return text;
    text.append(piece.data(), *n);
    if (text.size() > most) return {};
  }
}

Result<> sync_directory(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failure(path.string());
  const int synced = ::fsync(fd);
  ::close(fd);
  if (synced != 0) return failure(path.string());
  return {};
}

}  // namespace gatepost::transfer
