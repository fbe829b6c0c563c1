#pragma once

#include <string>
#include <vector>

#include "base/log.hpp"
#include "config/config.hpp"
#include "runtime/inherited_sockets.hpp"
#include "runtime/unique_fd.hpp"

namespace gatepost::daemon {

// One address of one listener, open.
struct BoundSocket {
  config::Listener listener;
  Endpoint at;
  runtime::UniqueFd fd;
  bool ours = false;  // bound by this process, not handed over to it
};

// Every address of every listener that is not off: those of `inherited` first, the rest are bound. All or none; each
// failure is logged. Errc::denied names what was missing. Where the machine has no IPv6, "::" is left out.
Result<std::vector<BoundSocket>> open_sockets(const std::vector<config::Listener>& listeners,
                                              runtime::InheritedSockets& inherited, Log& log);

}  // namespace gatepost::daemon
