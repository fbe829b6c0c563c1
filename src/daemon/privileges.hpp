#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"

namespace gatepost::daemon {

// After the low ports are bound and before any thread is started. When started as root: gives the data directory to
// `user` and becomes it, for good, without groups and capabilities. Otherwise does nothing. Errc::not_found: no such
// user.
Result<> become_user(const std::string& user, const std::filesystem::path& data_dir);

struct Confinement {
  std::vector<std::filesystem::path> writable;  // the data directory, the folder of the log file
  std::vector<std::filesystem::path> readable;  // configuration, certificates, resolver and zone files
};

// After the sockets are bound, on the first thread before others are started: no new privileges (prctl), Landlock on
// the file system, and a seccomp filter that answers EPERM to what a mail server never does (mount, ptrace, kexec,
// module loading, execve, ...). Each is used when the kernel has it; what is missing is logged, not fatal.
void confine(const Confinement& paths, const std::string& user, Log& log);

}  // namespace gatepost::daemon
