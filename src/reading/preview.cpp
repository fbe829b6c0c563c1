#include "reading/preview.hpp"

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "reading/text_part.hpp"

namespace gatepost::reading {
namespace {

constexpr std::size_t kCharacters = 200;
// Long style sheets come before the first word; more than so many pieces of them are not read.
constexpr int kMaxPieces = 4;

// The text that is read first: plain if there is any.
const mime::Part* choose(const mime::Structure& structure) {
  const mime::Part* html = nullptr;
  for (const mime::Part& part : structure.parts) {
    if (!is_text(part) || part.body_octets() == 0) continue;
    if (part.disposition && ascii::iequals(*part.disposition, "attachment")) continue;
    if (!is_html(part)) return &part;
    if (html == nullptr) html = &part;
  }
  return html;
}

bool is_blank(char32_t c) { return c <= ' ' || c == 0x7f || c == 0xa0 || c == 0xad || (c >= 0x200b && c <= 0x200f); }

}  // namespace

bool has_preview(const mime::Structure& structure) { return choose(structure) != nullptr; }

Result<std::string> preview(MessageReader& reader, const mime::Structure& structure) {
  std::string out, text;
  const mime::Part* const part = choose(structure);
  if (part == nullptr) return out;
  TextPartReader pieces(reader, structure, *part);
  std::size_t characters = 0;
  bool blank = false, more = true;
  for (int piece = 0; more && piece < kMaxPieces && characters < kCharacters; ++piece) {
    text.clear();
    GP_TRY(more, pieces.next(text));
    for (std::string_view rest = text; !rest.empty() && characters < kCharacters;) {
      const char32_t c = utf8::next(rest);
      if (is_blank(c)) {
        blank = !out.empty();
        continue;
      }
      if (std::exchange(blank, false)) {
        out += ' ';
        if (++characters == kCharacters) break;
      }
      utf8::append(out, c);
      ++characters;
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace gatepost::reading
