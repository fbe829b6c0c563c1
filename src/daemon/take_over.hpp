#pragma once

#include <filesystem>
#include <vector>

#include "base/result.hpp"
#include "runtime/inherited_sockets.hpp"
#include "runtime/unique_fd.hpp"

// How a new process takes the place of a running one without a refused connection: it asks for the listening sockets
// over the control socket (SCM_RIGHTS), prepares all that needs no store, tells the other one to stop, and opens the
// store as soon as that one has closed it. Connections wait in the kernel meanwhile. (A process that has confined
// itself cannot start another one, so the new one is started from outside: gatepost restart.)
namespace gatepost::daemon {

struct HandedOver {
  runtime::InheritedSockets sockets;
  runtime::UniqueFd log;      // the other one's standard error
  runtime::UniqueFd channel;  // succession.hpp; none: the other one is of a release that has no way back
  std::int64_t token = 0;     // names this hand-over to the other one
  int pid = 0;
};
// Errc::not_found: no server is running there. Errc::unsupported: it is systemd's to restart.
Result<HandedOver> ask_for_sockets(const std::filesystem::path& data_dir);
// Asks the running server to stop in favour of whoever got `token`; it goes on ending its sessions when this returns.
// It serves again when the channel of that hand-over is closed before tell_serving().
Result<> ask_to_stop(const std::filesystem::path& data_dir, std::int64_t token);

}  // namespace gatepost::daemon
