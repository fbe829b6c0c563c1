#include "store/disk.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include <fmt/format.h>

namespace gatepost::store {

ssize_t Disk::pwrite(int fd, const char* octets, std::size_t count, std::uint64_t offset) {
  return ::pwrite(fd, octets, count, static_cast<off_t>(offset));
}

int Disk::fdatasync(int fd) { return ::fdatasync(fd); }

Result<Disk::Space> Disk::space(const std::filesystem::path& directory) {
  struct statvfs now{};
  if (::statvfs(directory.c_str(), &now) != 0) return system_failure("statvfs", directory);
  return Space{std::uint64_t{now.f_blocks} * now.f_frsize, std::uint64_t{now.f_bavail} * now.f_frsize};
}

int Disk::engine_write(const std::string&, std::size_t) { return 0; }
int Disk::engine_sync(const std::string&) { return 0; }

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

std::unexpected<Error> system_failure(std::string_view call, const std::filesystem::path& path) {
  const int error = errno;
  Errc code = Errc::unavailable;
  if (error == ENOSPC || error == EDQUOT) code = Errc::disk_full;
  if (error == ENOENT) code = Errc::not_found;
  if (error == EEXIST) code = Errc::already_exists;
  if (error == EROFS) code = Errc::read_only;
  return fail(code, fmt::format("{} {}: {}", call, path.string(), std::strerror(error)));
}

Result<Fd> open_file(const std::filesystem::path& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (fd < 0) return system_failure("open", path);
  return Fd(fd);
}

Result<std::uint64_t> file_size(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return system_failure("fstat", {});
  return static_cast<std::uint64_t>(status.st_size);
}

Result<> write_all(Disk& disk, int fd, std::string_view octets, std::uint64_t offset) {
  while (!octets.empty()) {
    const ssize_t n = disk.pwrite(fd, octets.data(), octets.size(), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_failure("pwrite", {});
    if (n == 0) return fail(Errc::disk_full, "pwrite wrote nothing");
    octets.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

Result<> read_all_at(int fd, std::span<char> out, std::uint64_t offset) {
  while (!out.empty()) {
    const ssize_t n = ::pread(fd, out.data(), out.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_failure("pread", {});
    if (n == 0) return fail(Errc::corrupt, "file is shorter than its record");
    out = out.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

Result<> sync_directory(const std::filesystem::path& directory) {
  GP_TRY(const Fd fd, open_file(directory, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) return system_failure("fsync", directory);
  return {};
}

Result<std::vector<std::filesystem::path>> files_in(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  std::filesystem::directory_iterator i(directory, error);
  for (; !error && i != std::filesystem::directory_iterator(); i.increment(error)) found.push_back(i->path());
  if (error) return fail(Errc::unavailable, fmt::format("list {}: {}", directory.string(), error.message()));
  return found;
}

Result<Fd> lock_directory(const std::filesystem::path& directory, bool shared) {
  GP_TRY(Fd fd, open_file(directory, O_RDONLY | O_DIRECTORY));
  if (::flock(fd.get(), (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0) return fd;
  if (errno == EWOULDBLOCK) return fail(Errc::unavailable, directory.string() + " is in use by another process");
  // File systems that cannot lock a directory: the key engine's lock file still keeps a second writer out.
  return fd;
}

Result<> make_directories(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return fail(Errc::unavailable, fmt::format("mkdir {}: {}", directory.string(), error.message()));
  return {};
}

Result<> link_or_copy(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return {};
  if (errno != EXDEV && errno != EPERM && errno != EMLINK && errno != EOPNOTSUPP) return system_failure("link", to);
  GP_TRY(const Fd source, open_file(from, O_RDONLY));
  GP_TRY(const std::uint64_t octets, file_size(source.get()));
  return copy_front(from, to, octets);
}

Result<> copy_front(const std::filesystem::path& from, const std::filesystem::path& to, std::uint64_t octets) {
  GP_TRY(const Fd source, open_file(from, O_RDONLY));
  GP_TRY(const Fd target, open_file(to, O_WRONLY | O_CREAT | O_EXCL));
  Disk disk;
  std::string buffer;
  for (std::uint64_t at = 0; at < octets; at += buffer.size()) {
    buffer.resize(std::min<std::uint64_t>(octets - at, 1 << 20));
    GP_CHECK(read_all_at(source.get(), std::span(buffer), at));
    GP_CHECK(write_all(disk, target.get(), buffer, at));
  }
  if (::fsync(target.get()) != 0) return system_failure("fsync", to);
  return {};
}

}  // namespace gatepost::store
