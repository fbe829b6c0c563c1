#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hpp"
#include "runtime/unique_fd.hpp"

namespace gatepost::runtime {

// Listening sockets that the service manager opened for us (sd_listen_fds(3)), or a previous process handed on.
class InheritedSockets {
 public:
  InheritedSockets() = default;
  // Reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES and removes them, so that no child takes them for its own. Call
  // once, before threads exist. Sockets become non-blocking and close-on-exec.
  static InheritedSockets from_environment();
  // The same from values; `pid` is this process.
  static InheritedSockets from_values(std::string_view listen_pid, std::string_view listen_fds,
                                      std::string_view listen_names, int pid, int first_fd = 3);

  struct Socket {
    UniqueFd fd;
    std::string name;  // of LISTEN_FDNAMES; may be empty
    Endpoint at;
  };
  // One that came another way; closed when it is not a listening socket.
  void add(UniqueFd fd, std::string name = {});
  // The listening socket bound to `at`, which leaves this list; none when there is none.
  UniqueFd take(const Endpoint& at);
  // What nobody took; a daemon should log these.
  const std::vector<Socket>& rest() const { return sockets_; }

 private:
  std::vector<Socket> sockets_;
};

}  // namespace gatepost::runtime
