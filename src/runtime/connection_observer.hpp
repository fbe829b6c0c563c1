#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/ip.hpp"
#include "runtime/session.hpp"

namespace gatepost::runtime {

// Hears what becomes of every connection, also where a line of the log stands for many. Thread-safe; called on I/O
// threads, so each call is short and never waits for long.
class ConnectionObserver {
 public:
  // How a connection ended, as the server saw it.
  enum class End : std::uint8_t {
    session,    // the conversation was over
    peer,       // the peer closed or reset it
    timed_out,  // the peer was silent for too long
    handshake,  // TLS was not agreed on
    stopped,    // the server stops
    failed,     // a defect, or no memory
  };
  virtual ~ConnectionObserver() = default;
  // `why`: "audience", "connections", "connections_per_address", "connections_per_minute", "proxy_header". Nothing was
  // said to the peer.
  virtual void refused(std::string_view listener, const Endpoint& remote, std::string_view why) = 0;
  virtual void opened(const Peer& peer) = 0;
  // `detail`: of a handshake that failed, why.
  virtual void ended(const Peer& peer, End how, std::chrono::steady_clock::duration lasted,
                     std::string_view detail) = 0;
};

}  // namespace gatepost::runtime
