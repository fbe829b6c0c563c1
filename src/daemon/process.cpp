#include "daemon/process.hpp"

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>

namespace gatepost::daemon {
namespace {

constexpr int kSignals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};

sigset_t our_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : kSignals) sigaddset(&set, number);
  return set;
}

}  // namespace

void prepare_process(std::size_t io_threads) {
  ::umask(0077);
  ::prctl(PR_SET_NAME, "gatepost");  // also when started by way of /proc/self/exe
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);

  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }

  // glibc makes up to eight arenas a processor, and what is freed in one serves no other: idle connections would pay
  // for them. Workers and engine threads share what I/O threads have. The buffers of large messages stay in the arenas:
  // mapping them anew for each message costs a fault a page, a quarter of the work for office mail.
  ::mallopt(M_ARENA_MAX, static_cast<int>(io_threads) + 2);
  ::mallopt(M_TRIM_THRESHOLD, 8 << 20);
  ::mallopt(M_MMAP_THRESHOLD, 4 << 20);
}

void block_signals() {
  const sigset_t set = our_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

int wait_for_signal(long milliseconds) {
  const sigset_t set = our_signals();
  const timespec limit{milliseconds / 1000, (milliseconds % 1000) * 1'000'000};
  const int number = ::sigtimedwait(&set, nullptr, &limit);
  return number > 0 ? number : 0;
}

void send_signal(int number) { ::kill(::getpid(), number); }

}  // namespace gatepost::daemon
