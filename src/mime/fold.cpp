#include "mime/fold.hpp"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cstring>

#include "base/ascii.hpp"
#include "base/result.hpp"
#include "base/utf8.hpp"

namespace gatepost::mime {
namespace {

const icu::Normalizer2& decompositions() {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = icu::Normalizer2::getNFKDInstance(error);
  GP_ASSERT(U_SUCCESS(error));  // part of ICU's data
  return *normalizer;
}

void append_upper(std::string_view ascii, std::string& out) {
  const std::size_t at = out.size();
  out.append(ascii);
  std::transform(out.begin() + static_cast<std::ptrdiff_t>(at), out.end(),
                 out.begin() + static_cast<std::ptrdiff_t>(at), ascii::upper);
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

// RFC 5051 2 (2): titlecase, then all that is left of it when nothing can be taken apart any more.
void Folder::fold_character(char32_t c, std::string& folded) {
  const UChar32 title = u_totitle(static_cast<UChar32>(c));
  icu::UnicodeString parts;
  if (!decompositions().getDecomposition(title, parts)) return utf8::append(folded, static_cast<char32_t>(title));
  for (int32_t i = 0; i < parts.length(); i = parts.moveIndex32(i, 1)) {
    utf8::append(folded, static_cast<char32_t>(parts.char32At(i)));
  }
}

void Folder::append(std::string_view utf8, std::string& folded) {
  std::string joined;
  if (!held_.empty()) {
    joined = std::move(held_) + std::string(utf8);
    held_.clear();
    utf8 = joined;
  }
  while (!utf8.empty()) {
    if (const std::size_t run = ascii_octets(utf8); run > 0) {
      if (casemap_ == Casemap::none)
        folded.append(utf8.substr(0, run));
      else
        append_upper(utf8.substr(0, run), folded);
      utf8.remove_prefix(run);
      continue;
    }
    if (is_incomplete(utf8)) break;
    const char32_t c = utf8::next(utf8);
    if (casemap_ == Casemap::unicode)
      fold_character(c, folded);
    else
      utf8::append(folded, c);
  }
  held_.assign(utf8);
}

void Folder::finish(std::string& folded) {
  folded += utf8::sanitize(held_);
  held_.clear();
}

std::string fold(std::string_view utf8, Casemap casemap) {
  std::string folded;
  folded.reserve(utf8.size());
  Folder folder(casemap);
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

std::string unicode_version() {
  UVersionInfo version{};
  u_getUnicodeVersion(version);
  std::string out;
  for (const std::uint8_t part : version) out.append(out.empty() ? "" : ".").append(std::to_string(part));
  return out;
}

}  // namespace gatepost::mime
