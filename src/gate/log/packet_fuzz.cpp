#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "gate/log/packet.hpp"
#include "gate/log/reader.hpp"

using namespace gatepost;
using namespace gatepost::gate::log;

// The same octets as a packet and as a record of the kernel's log.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  LogEvent whole;
  if (read_packet(octets, whole)) {
    GP_ASSERT(whole.source.known && whole.destination.known && whole.protocol);
    // Cut shorter it says less, never something else.
    LogEvent front;
    if (read_packet(octets.substr(0, size / 2), front)) {
      GP_ASSERT(front.source.ip == whole.source.ip);
      GP_ASSERT(!front.source_port || front.source_port == whole.source_port || front.protocol != whole.protocol);
    }
  }
  if (const auto record = read_kernel_record(octets)) {
    GP_ASSERT(record->message.size() <= size);
    Reader reader(Format::netfilter);
    reader.read_message({}, record->message);
  }
  return 0;
}
