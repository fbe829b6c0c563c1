#include "mime/normal_form.hpp"

#include <algorithm>

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace gatepost::mime {

std::string to_nfc(std::string_view utf8) {
  if (std::ranges::none_of(utf8, ascii::is_8bit) || !utf8::is_valid(utf8)) return std::string(utf8);
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* const normalizer = icu::Normalizer2::getNFCInstance(error);
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  if (U_SUCCESS(error)) {
    const icu::StringPiece text(utf8.data(), static_cast<std::int32_t>(utf8.size()));
    normalizer->normalizeUTF8(0, text, sink, nullptr, error);
  }
  return U_SUCCESS(error) ? out : std::string(utf8);
}

}  // namespace gatepost::mime
