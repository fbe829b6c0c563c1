#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"

namespace gatepost::daemon {

// Makes the data directory when it is missing and, as root, gives it with all that is in it to `user`, whose server
// will use it. Errc::not_found: no such user.
Result<> prepare_data_directory(const std::filesystem::path& data_dir, const std::string& user);

// After the low ports are bound and before any thread is started. When started as root: becomes `user`, for good,
// without groups and capabilities; otherwise does nothing. `files` (the log) are given to the user first.
// Errc::not_found: no such user.
Result<> become_user(const std::string& user, const std::vector<std::filesystem::path>& files = {});

struct Confinement {
  std::vector<std::filesystem::path> writable;  // the data directory, the folder of the log file
  std::vector<std::filesystem::path> readable;  // configuration, certificates, resolver and zone files
};

// After the sockets are bound, on the first thread before others are started: no new privileges (prctl), Landlock on
// the file system, and a seccomp filter that answers EPERM to what a mail server never does (mount, ptrace, kexec,
// module loading, execve, ...). Each is used when the kernel has it; what is missing is logged, not fatal.
void confine(const Confinement& paths, Log& log);

}  // namespace gatepost::daemon
