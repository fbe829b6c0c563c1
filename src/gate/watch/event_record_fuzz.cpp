#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "gate/watch/event_record.hpp"

using namespace gatepost;
using namespace gatepost::gate::watch;

// Any octets as a record, with a sum that fits: what is taken for one is written again as it was read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string octets(reinterpret_cast<const char*>(data), size);
  (void)decode(octets);
  octets.resize(kRecordOctets);
  const std::uint32_t sum = crc32c(std::string_view(octets).substr(4));
  for (std::size_t i = 0; i < 4; ++i) octets[i] = static_cast<char>(sum >> (8 * i) & 0xff);
  const auto event = decode(octets);
  if (!event) return 0;
  const EventRecord written = encode(*event);
  const auto again = decode({written.data(), written.size()});
  GP_ASSERT(again && encode(*again) == written && again->number == event->number && again->rule == event->rule);
  return 0;
}
