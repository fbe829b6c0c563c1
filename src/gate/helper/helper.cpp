#include "gate/helper/helper.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "base/local_socket.hpp"
#include "gate/helper/kernel_sets.hpp"
#include "gate/helper/message.hpp"

namespace gatepost::gate::helper {
namespace {

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

constexpr std::size_t kMostClients = 4;  // a daemon, its successor during a restart, and two more
constexpr uid_t kNobody = 65534;

bool failed(const char* what) {
  std::fprintf(stderr, "gatepost-gate-helper: %s: %s\n", what, std::strerror(errno));
  return false;
}

// Everything but the right to the network's configuration, by a user who owns nothing.
bool give_up_rights() {
  ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
                           ::setresuid(kNobody, kNobody, kNobody) != 0)) {
    return failed("cannot become nobody");
  }
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  data[0].effective = data[0].permitted = 1U << CAP_NET_ADMIN;
  if (::syscall(SYS_capset, &head, data.data()) != 0) return failed("capset");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no_new_privs");
  const rlimit files{16, 16};
  ::setrlimit(RLIMIT_NOFILE, &files);
  ::prctl(PR_SET_DUMPABLE, 0);
  return true;
}

// An allow list: this process is small enough to know its calls.
bool filter_calls() {
  if (kSanitized) return true;
  scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_KILL_PROCESS);
  if (filter == nullptr) return failed("seccomp");
  bool good = true;
  for (const char* call :
       {"poll",  "ppoll",      "accept4", "recvfrom", "recvmsg",      "sendto",       "sendmsg",         "read",
        "write", "getsockopt", "close",   "exit",     "exit_group",   "rt_sigreturn", "restart_syscall", "brk",
        "mmap",  "munmap",     "madvise", "futex",    "clock_gettime"}) {
    const int number = ::seccomp_syscall_resolve_name(call);
    if (number != __NR_SCMP_ERROR) good = ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0) == 0 && good;
  }
  good = good && ::seccomp_load(filter) == 0;
  ::seccomp_release(filter);
  return good || failed("seccomp");
}

Reply answer(KernelSets& sets, const Request& request) {
  Reply reply{.id = request.id};
  int error = EINVAL;
  switch (request.what) {
    case Request::What::put:
      error = sets.put(request.network, request.length);
      break;
    case Request::What::remove:
      error = sets.remove(request.network);
      break;
    case Request::What::which:
      error = sets.which(reply.value);
      break;
  }
  reply.error = static_cast<std::uint32_t>(error);
  return reply;
}

// False: this client is done with. Whoever sends what is no request has no business here.
bool serve_one(int fd, KernelSets& sets) {
  std::array<char, kRequestOctets + 1> buffer;
  const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  const auto request = parse_request({buffer.data(), static_cast<std::size_t>(got)});
  if (!request) return false;
  const auto out = write(answer(sets, *request));
  return ::send(fd, out.data(), out.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(out.size());
}

void take_client(std::array<pollfd, kMostClients + 1>& waiting, const HelperOptions& options) {
  const int fd = ::accept4(waiting[0].fd, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  for (std::size_t i = 1; i < waiting.size(); ++i) {
    if (waiting[i].fd >= 0) continue;
    if (!is_peer(fd, options.user)) break;
    waiting[i] = {fd, POLLIN, 0};
    return;
  }
  ::close(fd);
}

}  // namespace

int run_helper(const HelperOptions& options) {
  ::prctl(PR_SET_NAME, "gatepost-gate");
  KernelSets sets;
  std::array<pollfd, kMostClients + 1> waiting;
  waiting.fill({-1, POLLIN, 0});
  const bool listens = options.connected < 0;
  if (listens) {
    waiting[0].fd = listen_locally(options.listen, SOCK_SEQPACKET, options.user);
    if (waiting[0].fd < 0) {
      failed(options.listen.c_str());
      return 1;
    }
  } else {
    waiting[1].fd = options.connected;
  }
  if (!give_up_rights() || !filter_calls()) return 1;
  while (true) {
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return 1;
    for (std::size_t i = 1; i < waiting.size(); ++i) {
      if (waiting[i].fd < 0 || waiting[i].revents == 0 || serve_one(waiting[i].fd, sets)) continue;
      ::close(waiting[i].fd);
      waiting[i] = {-1, POLLIN, 0};
      if (!listens) return 0;
    }
    if (waiting[0].fd >= 0 && waiting[0].revents != 0) take_client(waiting, options);
  }
}

}  // namespace gatepost::gate::helper
