#include "mime/fold.hpp"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

#include <algorithm>
#include <cstring>

#include "base/ascii.hpp"
#include "base/result.hpp"
#include "base/utf8.hpp"

namespace gatepost::mime {
namespace {

// A character and what combines with it. A longer run is cut, always at the same place (Unicode's stream-safe text has
// 30).
constexpr std::size_t kMaxSegmentCharacters = 64;

const icu::Normalizer2& casefold() {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = icu::Normalizer2::getNFKCCasefoldInstance(error);
  GP_ASSERT(U_SUCCESS(error));  // part of ICU's data
  return *normalizer;
}

void append_lower(std::string_view ascii, std::string& out) {
  const std::size_t at = out.size();
  out.append(ascii);
  std::transform(out.begin() + static_cast<std::ptrdiff_t>(at), out.end(),
                 out.begin() + static_cast<std::ptrdiff_t>(at), ascii::lower);
}

std::size_t ascii_octets(std::string_view text) {
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + i, sizeof word);
    if ((word & 0x8080808080808080) != 0) break;
  }
  while (i < text.size() && !ascii::is_8bit(text[i])) ++i;
  return i;
}

// `text` may be the beginning of one character: more octets would be needed to know.
bool is_incomplete(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t octets = lead < 0xc2 || lead > 0xf4 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return text.size() < octets;
}

}  // namespace

void Folder::fold_segment(std::string_view text, std::string& folded) {
  if (utf8::is_ascii(text)) return append_lower(text, folded);
  std::string valid;
  if (!utf8::is_valid(text)) text = valid = utf8::sanitize(text);
  icu::StringByteSink<std::string> sink(&folded);
  UErrorCode error = U_ZERO_ERROR;
  casefold().normalizeUTF8(0, icu::StringPiece(text.data(), static_cast<int32_t>(text.size())), sink, nullptr, error);
  if (U_FAILURE(error)) folded += text;
}

// Text up to the last character that does not combine with what is before it can be folded; from there on it waits.
void Folder::append(std::string_view utf8, std::string& folded) {
  std::string joined;
  if (!held_.empty()) {
    joined = std::move(held_) + std::string(utf8);
    held_.clear();
    utf8 = joined;
  }
  const icu::Normalizer2& normalizer = casefold();
  std::size_t begin = 0, boundary = 0, at = 0, characters = 0;
  while (at < utf8.size()) {
    std::string_view rest = utf8.substr(at);
    if (const std::size_t run = ascii_octets(rest); run > 0) {
      // No ASCII character combines with what is before it; the last one may with what follows.
      if (run > 1) {
        fold_segment(utf8.substr(begin, at - begin), folded);
        append_lower(rest.substr(0, run - 1), folded);
        begin = at + run - 1;
      }
      boundary = at + run - 1;
      characters = 1;
      at += run;
      continue;
    }
    if (is_incomplete(rest)) break;
    const char32_t c = utf8::next(rest);
    if (normalizer.hasBoundaryBefore(static_cast<UChar32>(c))) {
      boundary = at;
      characters = 0;
    } else if (characters == kMaxSegmentCharacters) {
      fold_segment(utf8.substr(begin, at - begin), folded);
      begin = boundary = at;
      characters = 0;
    }
    ++characters;
    at = utf8.size() - rest.size();
  }
  fold_segment(utf8.substr(begin, boundary - begin), folded);
  held_.assign(utf8.substr(boundary));
}

void Folder::finish(std::string& folded) {
  fold_segment(held_, folded);
  held_.clear();
}

std::string fold(std::string_view utf8) {
  std::string folded;
  folded.reserve(utf8.size());
  Folder folder;
  folder.append(utf8, folded);
  folder.finish(folded);
  return folded;
}

Searcher::Searcher(std::string needle)
    : needle_(std::move(needle)), border_(needle_.size() + 1, 0), found_(needle_.empty()) {
  for (std::size_t i = 1, k = 0; i < needle_.size(); ++i) {
    while (k > 0 && needle_[i] != needle_[k]) k = border_[k];
    if (needle_[i] == needle_[k]) ++k;
    border_[i + 1] = static_cast<std::uint32_t>(k);
  }
}

bool Searcher::feed(std::string_view folded) {
  std::size_t i = 0;
  while (!found_ && i < folded.size()) {
    if (matched_ == 0) {
      i = folded.find(needle_.front(), i);
      if (i == std::string_view::npos) break;
    }
    while (matched_ > 0 && folded[i] != needle_[matched_]) matched_ = border_[matched_];
    if (folded[i] == needle_[matched_]) ++matched_;
    found_ = matched_ == needle_.size();
    ++i;
  }
  return found_;
}

void Searcher::restart() {
  matched_ = 0;
  found_ = needle_.empty();
}

}  // namespace gatepost::mime
