#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "gate/log/packet.hpp"
#include "gate/watch/packet_message.hpp"

using namespace gatepost::gate;

// What a read of a log group's socket gives: views stay within it, and packets are read or not, but never beyond.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  std::size_t count = 0;
  watch::read_logged_packets(octets, [&](const watch::LoggedPacket& packet) {
    ++count;
    for (const std::string_view part : {packet.payload, packet.prefix}) {
      GP_ASSERT(part.empty() || (part.data() >= octets.data() && part.data() + part.size() <= octets.data() + size));
    }
    GP_ASSERT(packet.prefix.find('\0') == std::string_view::npos);
    log::LogEvent event;
    (void)log::read_packet(packet.payload, event);
  });
  constexpr std::size_t kLeastOctets = 16 + 4;
  GP_ASSERT(count <= size / kLeastOctets);
  return 0;
}
