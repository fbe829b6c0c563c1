#include "runtime/inherited_sockets.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/ascii.hpp"
#include "runtime/socket_address.hpp"

namespace gatepost::runtime {

namespace {

constexpr int kMaxSockets = 1024;

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_listening(int fd) {
  int on = 0;
  socklen_t size = sizeof on;
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &size) == 0 && on != 0;
}

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

InheritedSockets InheritedSockets::from_environment() {
  InheritedSockets out =
      from_values(variable("LISTEN_PID"), variable("LISTEN_FDS"), variable("LISTEN_FDNAMES"), getpid());
  for (const char* const name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) unsetenv(name);
  return out;
}

InheritedSockets InheritedSockets::from_values(std::string_view listen_pid, std::string_view listen_fds,
                                               std::string_view listen_names, int pid, int first_fd) {
  InheritedSockets out;
  if (number(listen_pid) != pid) return out;
  const int count = std::clamp(number(listen_fds).value_or(0), 0, kMaxSockets);
  const auto names = ascii::split(listen_names, ':');
  for (int i = 0; i < count; ++i) {
    const int fd = first_fd + i;
    if (fcntl(fd, F_GETFL) < 0) continue;
    const auto index = static_cast<std::size_t>(i);
    // What is no listening socket stays open: it is not ours.
    if (!is_listening(fd)) {
      fcntl(fd, F_SETFD, FD_CLOEXEC);
      continue;
    }
    out.add(UniqueFd(fd), index < names.size() ? std::string(names[index]) : std::string());
  }
  return out;
}

void InheritedSockets::add(UniqueFd fd, std::string name) {
  const auto at = local_endpoint(fd.get());
  if (!at || !is_listening(fd.get())) return;
  fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
  fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
  sockets_.push_back({std::move(fd), std::move(name), *at});
}

UniqueFd InheritedSockets::take(const Endpoint& at) {
  const auto found = std::ranges::find(sockets_, at, &Socket::at);
  if (found == sockets_.end()) return {};
  UniqueFd fd = std::move(found->fd);
  sockets_.erase(found);
  return fd;
}

}  // namespace gatepost::runtime
