#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "base/utf8.hpp"
#include "mime/charset.hpp"

// Text in a charset: up to the first LF its name, then the text. The result is valid UTF-8, the same however it is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t lf = std::min(input.find('\n'), size);
  const std::string_view name = input.substr(0, lf), text = input.substr(std::min(lf + 1, size));
  const auto whole = mime::to_utf8(text, name);
  if (!whole) return 0;
  GP_ASSERT(utf8::is_valid(*whole));
  const std::size_t chunk = size == 0 ? 1 : 1 + data[size - 1] % 9;
  auto decoder = mime::CharsetDecoder::open(name);
  std::string pieces;
  for (std::size_t i = 0; i < text.size(); i += chunk) decoder->append(text.substr(i, chunk), pieces);
  decoder->finish(pieces);
  GP_ASSERT(pieces == *whole);
  return 0;
}
