#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "mime/structure.hpp"
#include "mime/summary.hpp"
#include "mime/test_support.hpp"

// Any message: a sound structure, the same however it is cut, and the same when it was stored. Any octets as a summary:
// refused, or read and written the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost::mime;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Structure s = scan(text);
  GP_ASSERT(test::is_sound(s, text));
  const std::size_t chunk = size == 0 ? 1 : 1 + data[size - 1] % 16;
  GP_ASSERT(test::scan_in_chunks(text, chunk) == s);
  const auto stored = decode(encode(s));
  GP_ASSERT(stored && *stored == s);
  for (std::uint32_t i = 1; i < 4; ++i) {
    const std::uint32_t number[] = {i, 1};
    const auto part = s.find(number);
    GP_ASSERT(!part || *part < s.parts.size());
  }
  if (const auto read = decode(text)) {
    const auto again = decode(encode(*read));
    GP_ASSERT(again && *again == *read);
  }
  return 0;
}
