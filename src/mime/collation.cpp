#include "mime/collation.hpp"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>

#include "base/ascii.hpp"
#include "base/result.hpp"
#include "base/utf8.hpp"

namespace gatepost::mime {

void append_collation_key(std::string_view utf8, std::string& key) {
  if (utf8::is_ascii(utf8)) {
    for (const char c : utf8) key += ascii::upper(c);
    return;
  }
  std::string titled;
  titled.reserve(utf8.size());
  while (!utf8.empty()) {
    const auto c = static_cast<UChar32>(utf8::next(utf8));
    utf8::append(titled, static_cast<char32_t>(u_totitle(c)));
  }
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* const normalizer = icu::Normalizer2::getNFKDInstance(error);
  GP_ASSERT(U_SUCCESS(error));  // part of ICU's data
  icu::StringByteSink<std::string> sink(&key);
  normalizer->normalizeUTF8(0, icu::StringPiece(titled.data(), static_cast<int32_t>(titled.size())), sink, nullptr,
                            error);
  if (U_FAILURE(error)) key += titled;
}

}  // namespace gatepost::mime
