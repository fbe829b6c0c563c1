#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "gate/watch/event_ring.hpp"

namespace gatepost::gate::watch {

// A firewall event in 256 octets (docs/formats/gate-events.md): what the watcher keeps on disk and tells the server.
inline constexpr std::size_t kRecordOctets = 256;
using EventRecord = std::array<char, kRecordOctets>;

// Longer names of rules, interfaces and reasons are cut.
EventRecord encode(const KeptEvent& event);
// nullopt: damaged, or no record. Safe on any octets.
std::optional<KeptEvent> decode(std::string_view octets);

// As a reader would have given it; views into `kept`.
log::LogEvent event_of(const KeptEvent& kept);
KeptEvent kept_of(const log::LogEvent& event, std::uint64_t number, TimePoint arrived);

// Microseconds since 1970.
inline std::uint64_t micros(TimePoint at) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count());
}

}  // namespace gatepost::gate::watch
