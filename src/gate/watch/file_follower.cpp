#include "gate/watch/file_follower.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace gatepost::gate::watch {

namespace {

constexpr std::size_t kTailOctets = 64;

std::unexpected<Error> failure(const std::filesystem::path& path, int error) {
  const Errc code = error == ENOENT                     ? Errc::not_found
                    : error == EACCES || error == EPERM ? Errc::denied
                                                        : Errc::unavailable;
  return fail(code, fmt::format("{}: {}", path.string(), std::strerror(error)));
}

}  // namespace

FileFollower::FileFollower(std::filesystem::path path, runtime::UniqueFd fd, std::uint64_t at)
    : path_(std::move(path)), fd_(std::move(fd)), at_(at), buffer_(kPieceOctets) {}

Result<FileFollower> FileFollower::open(std::filesystem::path path, bool from_end) {
  // O_NONBLOCK: a pipe by that name would wait for its writer before it can be refused.
  runtime::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about{};
  if (!fd || fstat(fd.get(), &about) != 0) return failure(path, errno);
  if (!S_ISREG(about.st_mode)) return fail(Errc::invalid, path.string() + ": not a regular file");
  const std::uint64_t at = from_end ? static_cast<std::uint64_t>(about.st_size) : 0;
  FileFollower follower(std::move(path), std::move(fd), at);
  if (at != 0) {
    const std::size_t size = std::min<std::uint64_t>(kTailOctets, at);
    follower.tail_.resize(size);
    const ssize_t got = pread(follower.fd_.get(), follower.tail_.data(), size, static_cast<off_t>(at - size));
    follower.tail_.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  }
  return follower;
}

bool FileFollower::still_the_same() const {
  struct stat about{};
  if (fstat(fd_.get(), &about) != 0) return true;
  if (static_cast<std::uint64_t>(about.st_size) < at_) return false;
  char now[kTailOctets];
  const ssize_t got = pread(fd_.get(), now, tail_.size(), static_cast<off_t>(at_ - tail_.size()));
  return got < 0 || std::string_view(now, static_cast<std::size_t>(got)) == tail_;
}

void FileFollower::begin_anew() {
  at_ = 0;
  tail_.clear();
  replaced_ = true;
  // A writer that kept its place leaves a hole where the old text was.
  const off_t data = lseek(fd_.get(), 0, SEEK_DATA);
  if (data > 0) at_ = static_cast<std::uint64_t>(data);
}

// Whether another file has taken the name. Between a rename and the making of the new one there is none: then the old
// one is kept.
bool FileFollower::take_successor() {
  struct stat ours{}, theirs{};
  if (fstat(fd_.get(), &ours) != 0 || stat(path_.c_str(), &theirs) != 0) return false;
  if (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino) return false;
  runtime::UniqueFd fresh(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fresh || fstat(fresh.get(), &theirs) != 0 || !S_ISREG(theirs.st_mode)) return false;
  if (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino) return false;
  std::swap(fd_, fresh);
  begin_anew();
  return true;
}

Result<std::size_t> FileFollower::read() {
  ssize_t got = 0;
  do {
    got = pread(fd_.get(), buffer_.data(), buffer_.size(), static_cast<off_t>(at_));
  } while (got < 0 && errno == EINTR);
  if (got < 0) return failure(path_, errno);
  const auto size = static_cast<std::size_t>(got);
  at_ += size;
  tail_.append(buffer_.data() + size - std::min(size, kTailOctets), std::min(size, kTailOctets));
  if (tail_.size() > kTailOctets) tail_.erase(0, tail_.size() - kTailOctets);
  return size;
}

Result<FileFollower::Piece> FileFollower::next() {
  if (!still_the_same()) begin_anew();
  GP_TRY(std::size_t size, read());
  if (size == 0) {
    struct stat ours{}, theirs{};
    const bool renamed = fstat(fd_.get(), &ours) == 0 && stat(path_.c_str(), &theirs) == 0 &&
                         (ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino);
    // Written between our read and the rename: the writer may have had it open a moment longer.
    if (renamed) {
      GP_TRY(size, read());
      if (size == 0 && take_successor()) {
        GP_TRY(size, read());
      }
    }
  }
  Piece piece{{buffer_.data(), size}, std::exchange(replaced_, false)};
  return piece;
}

}  // namespace gatepost::gate::watch
