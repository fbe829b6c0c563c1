#include "search/terms.hpp"

namespace gatepost::search {
namespace {

// Shorter ones are years, sizes, rooms, product names.
constexpr std::size_t kMixedCharacters = 10, kDigitsCharacters = 12;

struct Range {
  char32_t first, last;
};
// Scripts written without spaces between words, where a word is one or two characters.
constexpr Range kIdeographs[] = {{0x2e80, 0x2fdf}, {0x3005, 0x3007},   {0x3021, 0x3029},  {0x3040, 0x312f},
                                 {0x31a0, 0x31bf}, {0x31f0, 0x31ff},   {0x3400, 0x4dbf},  {0x4e00, 0x9fff},
                                 {0xf900, 0xfaff}, {0x1b000, 0x1b16f}, {0x20000, 0x3ffff}};
constexpr Range kSeparators[] = {{0x80, 0xa9},     {0xab, 0xb4},     {0xb6, 0xb9},     {0xbb, 0xbf},
                                 {0x2000, 0x206f}, {0x3000, 0x3004}, {0x3008, 0x3020}, {0x302a, 0x303f}};

template <std::size_t N>
bool is_in(const Range (&ranges)[N], char32_t c) {
  for (const Range& range : ranges) {
    if (c < range.first) return false;
    if (c <= range.last) return true;
  }
  return false;
}

}  // namespace

// Any choice is right as long as text and what is looked for are cut alike: what is no separator is a word, symbols and
// pictures too, so that they can be found.
CharClass class_of(char32_t c) {
  if (c < 0x80) return ascii::is_alnum(static_cast<char>(c)) ? CharClass::word : CharClass::separator;
  if (is_in(kSeparators, c)) return CharClass::separator;
  return is_in(kIdeographs, c) ? CharClass::ideograph : CharClass::word;
}

bool is_kept_whole(std::string_view word, std::size_t characters) {
  if (characters > kMaxWordCharacters) return false;
  if (word.size() < kMixedCharacters) return true;
  bool digits = false, others = false;
  for (const char c : word) {
    if (ascii::is_8bit(c)) return true;
    (ascii::is_digit(c) ? digits : others) = true;
  }
  if (!digits) return true;
  return !others && word.size() < kDigitsCharacters;
}

std::size_t characters_of(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  return count;
}

std::size_t Splitter::last_two(std::string_view text) {
  std::size_t at = text.size();
  for (int left = 2; at > 0 && left > 0;) {
    --at;
    if ((static_cast<unsigned char>(text[at]) & 0xc0) != 0x80) --left;
  }
  return at;
}

std::vector<Piece> pieces_of(std::string_view needle) {
  std::vector<Piece> out;
  CharClass in = CharClass::separator;
  for (std::size_t at = 0; at < needle.size();) {
    std::string_view rest = needle.substr(at);
    const char32_t c = utf8::next(rest);
    const std::size_t next = needle.size() - rest.size();
    const CharClass now = class_of(c);
    if (now != CharClass::separator) {
      if (now != in) out.push_back({.ideographs = now == CharClass::ideograph, .open_left = at == 0});
      out.back().text.append(needle.substr(at, next - at));
      ++out.back().characters;
      out.back().open_right = next == needle.size();
    }
    in = now;
    at = next;
  }
  return out;
}

}  // namespace gatepost::search
