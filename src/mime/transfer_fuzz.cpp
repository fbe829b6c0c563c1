#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/base64.hpp"
#include "base/result.hpp"
#include "mime/transfer.hpp"

// Any text decodes the same however it is cut, to no more octets than it has; what is strictly base64 decodes strictly.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  using Encoding = mime::TransferEncoding;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Encoding encoding : {Encoding::base64, Encoding::quoted_printable, Encoding::identity}) {
    const std::string whole = mime::decode_transfer(text, encoding);
    GP_ASSERT(whole.size() <= size);
    const std::size_t chunk = size == 0 ? 1 : 1 + data[0] % 9;
    mime::TransferDecoder decoder(encoding);
    std::string pieces;
    for (std::size_t i = 0; i < size; i += chunk) decoder.append(text.substr(i, chunk), pieces);
    decoder.finish(pieces);
    GP_ASSERT(pieces == whole);
  }
  if (const auto strict = base64::decode(text)) GP_ASSERT(mime::decode_transfer(text, Encoding::base64) == *strict);
  GP_ASSERT(mime::decode_transfer(base64::encode(text), Encoding::base64) == text);
  return 0;
}
