#include "daemon/privileges.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "daemon/events.hpp"
#include "daemon/texts.hpp"

namespace gatepost::daemon {
namespace {

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;  // the leak check at the end traces the process
#else
constexpr bool kSanitized = false;
#endif

// Landlock has no libc wrappers (landlock(7)).
int landlock_create(const landlock_ruleset_attr* attr, std::size_t size, std::uint32_t flags) {
  return static_cast<int>(::syscall(SYS_landlock_create_ruleset, attr, size, flags));
}

// Newer than the headers of Debian 12.
constexpr std::uint64_t kTruncate = 1ULL << 14;

constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
// What version 1 of Landlock governs, without execute: the server starts no programs at all.
constexpr std::uint64_t kWrite = kRead | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                                 LANDLOCK_ACCESS_FS_MAKE_SYM;
constexpr std::uint64_t kFileOnly = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;
constexpr std::uint64_t kHandled = kWrite | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                   LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK;

Result<> allow(int ruleset, const std::filesystem::path& path, std::uint64_t access) {
  const int fd = ::open(path.c_str(), O_PATH | O_CLOEXEC);
  if (fd < 0) return {};  // not there, or not for us anyway
  struct stat status{};
  const bool is_directory = ::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
  landlock_path_beneath_attr rule{};
  rule.parent_fd = fd;
  rule.allowed_access = is_directory ? access : access & kFileOnly;
  const long added = ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  const std::string why = errno_text();
  ::close(fd);
  if (added != 0) return fail(Errc::internal, path.string() + ": " + why);
  return {};
}

Result<> landlock(const Confinement& paths) {
  const int version = landlock_create(nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return fail(Errc::unsupported, "this kernel has no Landlock");
  // Version 2 can allow moving files between directories, which version 1 never does; version 3 knows truncation.
  const std::uint64_t newer =
      (version >= 2 ? std::uint64_t{LANDLOCK_ACCESS_FS_REFER} : 0) | (version >= 3 ? kTruncate : 0);
  landlock_ruleset_attr attr{};
  attr.handled_access_fs = kHandled | newer;
  const int ruleset = landlock_create(&attr, sizeof attr.handled_access_fs, 0);
  if (ruleset < 0) return fail(Errc::unsupported, "landlock: " + errno_text());
  Result<> result;
  for (const auto& path : paths.readable) {
    if (result) result = allow(ruleset, path, kRead);
  }
  for (const auto& path : paths.writable) {
    if (result) result = allow(ruleset, path, kWrite | newer);
  }
  if (result && ::syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
    result = fail(Errc::unsupported, "landlock: " + errno_text());
  ::close(ruleset);
  return result;
}

// A deny list rather than an allow list: libraries (the key engine, the C library, sanitizers) change which harmless
// calls they make with every release, and a server that dies after an update is no safer than one that cannot mount.
Result<> seccomp() {
  scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
  if (filter == nullptr) return fail(Errc::unsupported, "seccomp_init failed");
  static constexpr std::string_view kDenied[] = {"execve",
                                                 "execveat",
                                                 "fork",
                                                 "vfork",
                                                 "ptrace",
                                                 "process_vm_readv",
                                                 "process_vm_writev",
                                                 "mount",
                                                 "umount2",
                                                 "pivot_root",
                                                 "chroot",
                                                 "setns",
                                                 "unshare",
                                                 "init_module",
                                                 "finit_module",
                                                 "delete_module",
                                                 "kexec_load",
                                                 "kexec_file_load",
                                                 "reboot",
                                                 "swapon",
                                                 "swapoff",
                                                 "acct",
                                                 "settimeofday",
                                                 "clock_settime",
                                                 "clock_adjtime",
                                                 "adjtimex",
                                                 "sethostname",
                                                 "setdomainname",
                                                 "quotactl",
                                                 "bpf",
                                                 "perf_event_open",
                                                 "userfaultfd",
                                                 "keyctl",
                                                 "add_key",
                                                 "request_key",
                                                 "open_by_handle_at",
                                                 "name_to_handle_at",
                                                 "iopl",
                                                 "ioperm",
                                                 "mknod",
                                                 "mknodat",
                                                 "setuid",
                                                 "setgid",
                                                 "setreuid",
                                                 "setregid",
                                                 "setresuid",
                                                 "setresgid",
                                                 "setgroups",
                                                 "io_uring_setup",
                                                 "io_uring_enter",
                                                 "io_uring_register",
                                                 "move_mount",
                                                 "open_tree",
                                                 "fsopen",
                                                 "fsmount",
                                                 "fsconfig",
                                                 "fspick",
                                                 "mount_setattr",
                                                 "personality",
                                                 "syslog",
                                                 "vhangup",
                                                 "nfsservctl",
                                                 "lookup_dcookie",
                                                 "pidfd_getfd",
                                                 "kcmp"};
  Result<> result;
  for (const std::string_view name : kDenied) {
    if (kSanitized && name == "ptrace") continue;
    const int number = ::seccomp_syscall_resolve_name(name.data());
    if (number == __NR_SCMP_ERROR) continue;  // not on this architecture
    if (::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0) != 0 && number >= 0) {
      result = fail(Errc::internal, fmt::format("seccomp rule for {} was refused", name));
    }
  }
  // Threads are made with clone; processes would be too, without CLONE_VM (0x100).
  if (!kSanitized)
    ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, 0x100, 0));
  ::seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
  if (result && ::seccomp_load(filter) != 0) result = fail(Errc::unsupported, "this kernel refuses a seccomp filter");
  ::seccomp_release(filter);
  return result;
}

bool changes_user(const std::string& user) { return ::geteuid() == 0 && !user.empty() && user != "root"; }

struct Identity {
  uid_t uid;
  gid_t gid;
};

Result<Identity> identity_of(const std::string& user) {
  const passwd* entry = ::getpwnam(user.c_str());
  if (entry == nullptr) {
    return fail(Errc::not_found,
                fmt::format("there is no user '{0}': adduser --system --group --no-create-home {0}", user));
  }
  return Identity{entry->pw_uid, entry->pw_gid};
}

// With everything in it. Once it belongs to the user this must not be done again: what the user put there since, links
// among it, is not for root to give away.
void give_to(const std::filesystem::path& path, const Identity& to) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0 || status.st_uid == to.uid) return;
  std::error_code ec;
  for (auto it = std::filesystem::recursive_directory_iterator(path, ec);
       !ec && it != std::filesystem::recursive_directory_iterator(); it.increment(ec)) {
    (void)!::lchown(it->path().c_str(), to.uid, to.gid);
  }
  (void)!::lchown(path.c_str(), to.uid, to.gid);
}

}  // namespace

Result<> prepare_data_directory(const std::filesystem::path& data_dir, const std::string& user) {
  std::error_code ec;
  if (!std::filesystem::exists(data_dir, ec)) {
    std::filesystem::create_directory(data_dir, ec);
    if (ec) return fail(Errc::denied, fmt::format("{}: {}", data_dir.string(), ec.message()));
    std::filesystem::permissions(data_dir, std::filesystem::perms::owner_all, ec);
  }
  if (!changes_user(user)) return {};
  GP_TRY(const Identity identity, identity_of(user));
  give_to(data_dir, identity);
  return {};
}

Result<> become_user(const std::string& user, const std::vector<std::filesystem::path>& files) {
  if (!changes_user(user)) return {};
  GP_TRY(const Identity id, identity_of(user));
  for (const auto& file : files) (void)!::lchown(file.c_str(), id.uid, id.gid);
  if (::setgroups(0, nullptr) != 0 || ::setresgid(id.gid, id.gid, id.gid) != 0 ||
      ::setresuid(id.uid, id.uid, id.uid) != 0) {
    return fail(Errc::internal, "cannot become " + user + ": " + errno_text());
  }
  if (::setuid(0) == 0) return fail(Errc::internal, "root could be had back after becoming " + user);
  // The memory of a mail server holds mail and keys: no core, no debugger of the same user.
  if (!kSanitized) ::prctl(PR_SET_DUMPABLE, 0);
  return {};
}

void confine(const Confinement& paths, Log& log) {
  const auto missing = [&](std::string_view what, const std::string& why) {
    log.write(event::kSecurityMissing, {{"protection", what}, {"detail", why}});
  };
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) missing("no_new_privs", errno_text());
  const Result<> locked = landlock(paths);
  if (!locked) missing("landlock", locked.error().detail);
  const Result<> filtered = seccomp();
  if (!filtered) missing("seccomp", filtered.error().detail);
  const passwd* const user = ::getpwuid(::geteuid());
  log.write(event::kSecured, {{"user", user != nullptr ? user->pw_name : ""},
                              {"uid", ::geteuid()},
                              {"landlock", locked ? "on" : "off"},
                              {"seccomp", filtered ? "on" : "off"}});
}

}  // namespace gatepost::daemon
