#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "runtime/connection.hpp"
#include "runtime/connection_limits.hpp"
#include "runtime/connections.hpp"
#include "runtime/unique_fd.hpp"

namespace gatepost::runtime {

// How connections of a listener are treated. Replaced whole by Listener::reload().
struct ListenerSettings {
  std::string name;  // of the configuration
  Deadlines deadlines;
  TlsServer* tls = nullptr;  // borrowed; outlives the listener and its connections
  bool implicit_tls = false;
  std::chrono::seconds handshake{30};
  // Whether a client may connect at all; asked with the address behind a trusted proxy. Others are closed without a
  // banner. Empty: everybody. Called on I/O threads.
  std::function<bool(const IpAddress&)> admits;
  // Peers in these networks must begin with a PROXY header (v1 or v2); all others speak for themselves.
  std::vector<Network> proxies;
  SessionFactory make;            // called on the connection's own thread
  Witness witness;                // told of what peers do that no proper client does; may be empty
  bool speaks_first = false;      // the protocol begins with the server's greeting
  std::string_view own_protocol;  // what foreign_protocol() calls it; a literal
};

// Opens a listening socket: non-blocking, close-on-exec, SO_REUSEADDR, IPv6 only for IPv6. `at` with port 0 picks one.
// Errc::already_exists when the port is taken, denied, invalid.
Result<UniqueFd> open_listening_socket(const Endpoint& at, int backlog = 4096);

// Accepts connections on one socket and hands each to the I/O thread with the fewest, where serve() runs it. Methods
// are thread-safe. May be destroyed while connections live; `connections` and `limits` outlive them.
class Listener {
 public:
  // `socket`: from open_listening_socket() or InheritedSockets. `limits` are the daemon's; `own` those of this listener
  // alone.
  Listener(Connections& connections, ConnectionLimits& limits, UniqueFd socket, ListenerSettings settings,
           LimitSettings own = {});
  ~Listener();  // stop_accepting() and closes the socket

  void start();
  // New connections wait in the kernel, where another process that has the socket may take them.
  void stop_accepting();
  // For new connections.
  void reload(ListenerSettings settings, LimitSettings own = {});

  Endpoint local() const;
  int fd() const;                   // to hand on to another process
  std::size_t connections() const;  // live ones

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the accept loop and the connections
};

}  // namespace gatepost::runtime
