#include "converter/agent/agent.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

#include "base/local_socket.hpp"

namespace gatepost::converter {
namespace {

constexpr uid_t kNobody = 65534;
constexpr int kLowPriority = 10;

bool could_not(const std::string& what) {
  std::fprintf(stderr, "gatepost-text-agent: %s: %s\n", what.c_str(), std::strerror(errno));
  return false;
}

int agent_socket(const AgentOptions& options) {
  // Who may ask, the socket's mode can say only when it can be given away; is_peer() says it always.
  const bool can_give = ::geteuid() == 0 && options.user.has_value();
  return listen_locally(options.listen, SOCK_STREAM, can_give ? options.user : std::nullopt,
                        options.user.has_value() && !can_give);
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

// Interrupts poll().
void on_child(int) {}

}  // namespace

int run_agent(const AgentOptions& options) {
  const uid_t user = options.user.value_or(::geteuid());
  const int listener = agent_socket(options);
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
    if (is_peer(fd, user)) {
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
