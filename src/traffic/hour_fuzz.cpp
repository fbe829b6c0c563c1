#include <cstddef>
#include <cstdint>
#include <string_view>

#include "traffic/distinct.hpp"
#include "traffic/hour.hpp"

using namespace gatepost;

// Damaged rows are refused; what is read is written as it was understood.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  if (const auto record = traffic::decode_hour(traffic::Hour{7}, value)) {
    const auto again = traffic::decode_hour(traffic::Hour{7}, traffic::encode(*record));
    GP_ASSERT(again.has_value());
    GP_ASSERT(*again == *record);
  }
  if (const auto sketch = traffic::Distinct::decode(value)) {
    const auto again = traffic::Distinct::decode(sketch->encode());
    GP_ASSERT(again.has_value());
    GP_ASSERT(again->count() == sketch->count());
  }
  return 0;
}
