#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/clock.hpp"

namespace gatepost::gate::watch {

// One packet of a log group (linux/netfilter/nfnetlink_log.h); what the kernel does not say is empty or 0.
struct LoggedPacket {
  std::string_view payload;  // from the IP header on, cut where the group was told to
  std::string_view prefix;   // of the rule
  std::uint32_t in_interface = 0, out_interface = 0;
  TimePoint at{};  // epoch: not said
};

// Those of the messages a read of the group's socket gave; everything else is passed over. Safe on any octets. Views
// are into `messages`.
void read_logged_packets(std::string_view messages, const std::function<void(const LoggedPacket&)>& take);

}  // namespace gatepost::gate::watch
