#include "converter/agent/agent.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

namespace gatepost::converter {
namespace {

constexpr uid_t kNobody = 65534;
constexpr int kLowPriority = 10;

bool could_not(const std::string& what) {
  std::fprintf(stderr, "gatepost-text-agent: %s: %s\n", what.c_str(), std::strerror(errno));
  return false;
}

int listening_socket(const AgentOptions& options) {
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  const std::string path = options.listen.string();
  if (path.size() >= sizeof at.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  std::memcpy(at.sun_path, path.c_str(), path.size() + 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  ::unlink(path.c_str());
  // Who may ask, the socket's mode can say only when it can be given away; may_ask() says it always.
  const bool can_give = ::geteuid() == 0 && options.user.has_value();
  const mode_t before = ::umask(can_give || !options.user ? 0177 : 0111);
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
  ::umask(before);
  if (!bound || (can_give && ::chown(path.c_str(), *options.user, static_cast<gid_t>(-1)) != 0) ||
      ::listen(fd, 8) != 0) {
    ::close(fd);
    return -1;
  }
  return fd;
}

bool give_up_rights() {
  if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
                           ::setresuid(kNobody, kNobody, kNobody) != 0)) {
    return could_not("cannot become nobody");
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return could_not("no_new_privs");
  ::prctl(PR_SET_DUMPABLE, 0);
  (void)::setpriority(PRIO_PROCESS, 0, kLowPriority);
  return true;
}

bool may_ask(int fd, uid_t user) {
  ucred who{};
  socklen_t size = sizeof who;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && (who.uid == 0 || who.uid == user);
}

// Interrupts poll().
void on_child(int) {}

}  // namespace

int run_agent(const AgentOptions& options) {
  const uid_t user = options.user.value_or(::geteuid());
  const int listener = listening_socket(options);
  if (listener < 0) {
    could_not(options.listen);
    return 1;
  }
  if (!give_up_rights()) return 1;
  struct sigaction action{};
  action.sa_handler = on_child;
  ::sigaction(SIGCHLD, &action, nullptr);
  const pid_t self = ::getpid();
  std::size_t working = 0;
  while (true) {
    while (working > 0 && ::waitpid(-1, nullptr, WNOHANG) > 0) --working;
    pollfd waiting{working < options.most ? listener : -1, POLLIN, 0};
    // A child that ended just before does not interrupt it.
    if (::poll(&waiting, 1, working > 0 ? 1000 : -1) <= 0) continue;
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    if (may_ask(fd, user)) {
      const pid_t worker = ::fork();
      if (worker == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::signal(SIGCHLD, SIG_DFL);
        ::close(listener);
        if (::getppid() == self) serve(fd, options);
        ::_exit(0);
      }
      if (worker > 0) ++working;
    }
    ::close(fd);
  }
}

}  // namespace gatepost::converter
