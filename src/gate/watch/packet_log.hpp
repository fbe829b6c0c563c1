#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "gate/log/event.hpp"

namespace gatepost::gate::watch {

// Packets that rules with "log group N" hand over, each with its rule's prefix. One thread; never waits.
class PacketLog {
 public:
  virtual ~PacketLog() = default;
  virtual int fd() const = 0;  // readable when there is more
  // Gives what has come. Packets that found no room before they were read are a Kind::gap.
  virtual Result<> receive(const std::function<void(const log::Item&)>& take) = 0;
};

// The kernel's group `group` (NFLOG) of this network namespace, by libnetfilter_log. Errc::denied without
// CAP_NET_ADMIN, or when another program reads the group: the kernel says the same for both. `clock` is borrowed.
Result<std::unique_ptr<PacketLog>> open_packet_log(std::uint16_t group, const Clock& clock);

}  // namespace gatepost::gate::watch
