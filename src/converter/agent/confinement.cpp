#include "converter/agent/confinement.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace gatepost::converter {
namespace {

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;  // its shadow memory, and what it asks the kernel for
#else
constexpr bool kSanitized = false;
#endif

// Newer than the headers of Debian 12.
constexpr std::uint64_t kTruncate = 1ULL << 14;
constexpr std::uint64_t kHandled =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
    LANDLOCK_ACCESS_FS_MAKE_SYM;
constexpr std::uint64_t kUse = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

Result<> allow(int ruleset, const char* path) {
  const int fd = ::open(path, O_PATH | O_CLOEXEC);
  if (fd < 0) return {};
  struct stat status{};
  const bool is_directory = ::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
  landlock_path_beneath_attr rule{};
  rule.parent_fd = fd;
  rule.allowed_access = is_directory ? kUse : kUse & ~std::uint64_t{LANDLOCK_ACCESS_FS_READ_DIR};
  const long added = ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  ::close(fd);
  if (added != 0) return fail(Errc::internal, "landlock_add_rule");
  return {};
}

Result<> load(scmp_filter_ctx filter, bool good) {
  good = good && ::seccomp_load(filter) == 0;
  ::seccomp_release(filter);
  if (!good) return fail(Errc::unsupported, "seccomp");
  return {};
}

}  // namespace

Result<> limit_resources(const ConversionLimits& limits) {
  const auto set = [](auto what, rlim_t most) {
    const rlimit limit{most, most};
    return ::setrlimit(what, &limit) == 0;
  };
  const auto seconds = static_cast<rlim_t>(limits.time.count());
  const bool good = set(RLIMIT_CPU, seconds) && (kSanitized || set(RLIMIT_AS, limits.memory_octets)) &&
                    set(RLIMIT_FSIZE, 0) && set(RLIMIT_CORE, 0) && set(RLIMIT_NOFILE, 64) && set(RLIMIT_MEMLOCK, 0);
  if (!good) return fail(Errc::internal, "setrlimit");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail(Errc::internal, "no_new_privs");
  return {};
}

Result<> limit_files(const std::filesystem::path& program) {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return {};
  landlock_ruleset_attr attr{};
  attr.handled_access_fs =
      kHandled | (version >= 2 ? std::uint64_t{LANDLOCK_ACCESS_FS_REFER} : 0) | (version >= 3 ? kTruncate : 0);
  const int ruleset = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attr, sizeof attr.handled_access_fs, 0));
  if (ruleset < 0) return fail(Errc::unsupported, "landlock");
  Result<> result;
  for (const char* path :
       {"/usr", "/bin", "/lib", "/lib64", "/etc", "/opt", "/dev/null", "/dev/zero", "/dev/urandom", program.c_str()}) {
    if (result) result = allow(ruleset, path);
  }
  if (result && ::syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) result = fail(Errc::unsupported, "landlock");
  ::close(ruleset);
  return result;
}

Result<> limit_calls_of_program() {
  scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
  if (filter == nullptr) return fail(Errc::unsupported, "seccomp");
  bool good = true;
  // A deny list: whose program it is, and what its libraries call, only the administrator knows.
  for (const char* call : {"socket",
                           "socketpair",
                           "connect",
                           "bind",
                           "listen",
                           "accept",
                           "accept4",
                           "sendto",
                           "sendmsg",
                           "sendmmsg",
                           "ptrace",
                           "process_vm_readv",
                           "process_vm_writev",
                           "kill",
                           "tkill",
                           "pidfd_open",
                           "pidfd_send_signal",
                           "pidfd_getfd",
                           "setsid",
                           "setpgid",
                           "unshare",
                           "setns",
                           "mount",
                           "umount2",
                           "pivot_root",
                           "chroot",
                           "move_mount",
                           "open_tree",
                           "fsopen",
                           "fsmount",
                           "fsconfig",
                           "fspick",
                           "mount_setattr",
                           "bpf",
                           "perf_event_open",
                           "userfaultfd",
                           "keyctl",
                           "add_key",
                           "request_key",
                           "io_uring_setup",
                           "io_uring_enter",
                           "io_uring_register",
                           "personality",
                           "open_by_handle_at",
                           "name_to_handle_at",
                           "init_module",
                           "finit_module",
                           "delete_module",
                           "kexec_load",
                           "reboot",
                           "swapon",
                           "swapoff",
                           "setuid",
                           "setgid",
                           "setreuid",
                           "setregid",
                           "setresuid",
                           "setresgid",
                           "setgroups",
                           "capset",
                           "shmget",
                           "shmat",
                           "msgget",
                           "semget",
                           "mq_open",
                           "mknod",
                           "mknodat",
                           "clock_settime",
                           "settimeofday",
                           "adjtimex",
                           "acct",
                           "quotactl",
                           "syslog",
                           "iopl",
                           "ioperm",
                           "setrlimit",
                           "kcmp",
                           "ioprio_set"}) {
    const int number = ::seccomp_syscall_resolve_name(call);
    if (number != __NR_SCMP_ERROR) good = ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0) == 0 && good;
  }
  // abort() signals itself.
  good = good && ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(tgkill), 1,
                                    SCMP_A0(SCMP_CMP_NE, static_cast<scmp_datum_t>(::getpid()), 0)) == 0;
  // Its own limits may be asked for, not those of others.
  good = good &&
         ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prlimit64), 1, SCMP_A0(SCMP_CMP_NE, 0, 0)) == 0;
  return load(filter, good);
}

Result<> limit_calls_of_reader() {
  if (kSanitized) return {};
  scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ERRNO(EPERM));
  if (filter == nullptr) return fail(Errc::unsupported, "seccomp");
  bool good = true;
  for (const char* call :
       {"read",          "write",        "lseek",     "close",      "fstat",       "brk",
        "mmap",          "munmap",       "mremap",    "mprotect",   "madvise",     "futex",
        "clock_gettime", "gettimeofday", "getrandom", "getpid",     "gettid",      "rt_sigprocmask",
        "rt_sigaction",  "rt_sigreturn", "exit",      "exit_group", "sched_yield", "restart_syscall"}) {
    const int number = ::seccomp_syscall_resolve_name(call);
    if (number != __NR_SCMP_ERROR) good = ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0) == 0 && good;
  }
  good = good && ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                    SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(::getpid()), 0)) == 0;
  return load(filter, good);
}

}  // namespace gatepost::converter
