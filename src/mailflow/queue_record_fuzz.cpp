#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "mailflow/queue_record.hpp"

using namespace gatepost;

// Damaged records are refused; what is read is written as it was understood.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view record(reinterpret_cast<const char*>(data), size);
  const auto entry = mailflow::decode_queue_entry(mailflow::QueueId{1}, record);
  if (!entry) return 0;
  const std::string written = mailflow::encode(*entry);
  const auto again = mailflow::decode_queue_entry(mailflow::QueueId{1}, written);
  GP_ASSERT(again.has_value());
  GP_ASSERT(mailflow::encode(*again) == written);
  return 0;
}
