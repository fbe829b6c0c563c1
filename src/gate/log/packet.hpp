#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gate/log/event.hpp"

// What the kernel hands over itself, without a log file between.
namespace gatepost::gate::log {

// Reads the headers of an IP packet into addresses, protocol, ports, flags and length. `packet` may be cut anywhere (a
// log group copies the front only); what the rest would have said stays empty. false: no IP packet.
bool read_packet(std::string_view packet, LogEvent& event);

// One record of /dev/kmsg: "4,1021,18376584000,-;message\n KEY=value\n" (Linux, Documentation/ABI/testing/dev-kmsg).
struct KernelRecord {
  unsigned priority = 0;
  std::uint64_t sequence = 0;
  std::chrono::microseconds uptime{0};
  std::string message;  // its escapes undone
};
std::optional<KernelRecord> read_kernel_record(std::string_view record);

}  // namespace gatepost::gate::log
