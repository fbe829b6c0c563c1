#include "outside/dial.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include <fmt/format.h>

namespace gatepost::outside {
namespace {

std::string words(int error) { return std::strerror(error); }

// Waits until the socket is connected; the error, or 0.
int wait_connected(int fd, std::chrono::seconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    if (left <= 0) return ETIMEDOUT;
    pollfd one{.fd = fd, .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&one, 1, static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return errno;
    if (ready == 0) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
  }
}

int connect_to(const addrinfo& at, std::chrono::seconds timeout, int& fd) {
  fd = ::socket(at.ai_family, at.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at.ai_protocol);
  if (fd < 0) return errno;
  int error = ::connect(fd, at.ai_addr, at.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) error = wait_connected(fd, timeout);
  if (error != 0) ::close(fd);
  return error;
}

}  // namespace

Result<int> dial(const std::string& host, std::uint16_t port, std::chrono::seconds timeout) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int wrong = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); wrong != 0) {
    return fail(Errc::unavailable, fmt::format("{}: {}", host, ::gai_strerror(wrong)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all(found, &::freeaddrinfo);
  int error = EHOSTUNREACH;
  for (const addrinfo* at = all.get(); at != nullptr; at = at->ai_next) {
    int fd = -1;
    error = connect_to(*at, timeout, fd);
    if (error != 0) continue;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    return fd;
  }
  return fail(error == ETIMEDOUT ? Errc::timed_out : Errc::unavailable,
              fmt::format("{} port {}: {}", host, port, words(error)));
}

}  // namespace gatepost::outside
