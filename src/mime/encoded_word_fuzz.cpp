#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "base/utf8.hpp"
#include "mime/encoded_word.hpp"

// Any value becomes valid UTF-8 in one line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  const std::string text = mime::decode_words({reinterpret_cast<const char*>(data), size});
  GP_ASSERT(utf8::is_valid(text));
  GP_ASSERT(text.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  return 0;
}
