#pragma once

#include <chrono>
#include <optional>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "gate/explain/facts.hpp"
#include "runtime/unique_fd.hpp"

namespace gatepost::gate::look {

// What really passes this host's interfaces, before any rule of the firewall on the way in and behind all of them on
// the way out (packet(7)). Sees headers alone, of one TCP port. One thread.
class Wire {
 public:
  // Errc::denied without CAP_NET_RAW.
  static Result<Wire> open(std::uint16_t port);

  // Packets of `from` to the port, and what went back to it, for so long.
  explain::ArrivalFact watch(const IpAddress& from, std::chrono::seconds how_long);
  // Whether a first packet to `to` left since the call before; what has come meanwhile is read.
  bool saw_leaving(const IpAddress& to);

 private:
  Wire(runtime::UniqueFd fd, std::uint16_t port) : fd_(std::move(fd)), port_(port) {}
  runtime::UniqueFd fd_;
  std::uint16_t port_;
};

}  // namespace gatepost::gate::look
