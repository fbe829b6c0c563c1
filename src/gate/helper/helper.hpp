#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>

namespace gatepost::gate::helper {

struct HelperOptions {
  int connected = -1;            // a socket of the daemon that started it; else ...
  std::filesystem::path listen;  // ... a socket (SOCK_SEQPACKET) is made here
  std::optional<uid_t> user;     // who may ask there, beside root
};

// The process that has the right to the firewall's sets of banned networks and does nothing else: takes requests
// (message.hpp) and answers each. Gives up every other right first, and all system calls it does not need. Ends when
// the daemon's socket does, or by a signal. The exit code.
int run_helper(const HelperOptions& options);

}  // namespace gatepost::gate::helper
