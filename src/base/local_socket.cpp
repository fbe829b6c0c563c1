#include "base/local_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace gatepost {

namespace {
constexpr int kLocalBacklog = 8;
}

int listen_locally(const std::filesystem::path& path, int type, std::optional<uid_t> owner, bool open_to_all) {
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  const std::string name = path.string();
  if (name.size() >= sizeof at.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  std::memcpy(at.sun_path, name.c_str(), name.size() + 1);
  const int fd = ::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  ::unlink(name.c_str());
  const mode_t before = ::umask(open_to_all ? 0111 : 0177);
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
  ::umask(before);
  if (!bound || (owner && ::chown(name.c_str(), *owner, static_cast<gid_t>(-1)) != 0) ||
      ::listen(fd, kLocalBacklog) != 0) {
    const int cause = errno;
    ::close(fd);
    errno = cause;
    return -1;
  }
  return fd;
}

bool is_peer(int fd, std::optional<uid_t> user) {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return false;
  return who.uid == 0 || (user && who.uid == *user);
}

}  // namespace gatepost
