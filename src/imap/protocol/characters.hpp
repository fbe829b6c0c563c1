#pragma once

#include <array>
#include <cstdint>

// The classes of characters in IMAP's grammar (RFC 9051 9). None holds an octet over 127.
namespace gatepost::imap {

namespace character {
inline constexpr std::uint8_t kAtom = 1, kAstring = 2, kTag = 4, kList = 8, kSet = 16, kName = 32;

constexpr std::array<std::uint8_t, 256> make_table() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0x21; c < 0x7f; ++c) {
    bool atom = true;
    for (const char special : {'(', ')', '{', '%', '*', '"', '\\', ']'})
      atom = atom && c != static_cast<unsigned char>(special);
    std::uint8_t bits = 0;
    if (atom) bits |= kAtom;
    if (atom || c == ']') bits |= kAstring | kList;
    if ((atom || c == ']') && c != '+') bits |= kTag;
    if (c == '%' || c == '*') bits |= kList;
    const bool digit = c >= '0' && c <= '9';
    if (digit || c == '*' || c == ':' || c == ',' || c == '$') bits |= kSet;
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (digit || letter || c == '.' || c == '-' || c == '_') bits |= kName;
    table[c] = bits;
  }
  return table;
}
inline constexpr auto kTable = make_table();
}  // namespace character

constexpr bool is_in(char c, std::uint8_t classes) {
  return (character::kTable[static_cast<unsigned char>(c)] & classes) != 0;
}
constexpr bool is_atom_char(char c) { return is_in(c, character::kAtom); }
constexpr bool is_astring_char(char c) { return is_in(c, character::kAstring); }
constexpr bool is_tag_char(char c) { return is_in(c, character::kTag); }
constexpr bool is_list_char(char c) { return is_in(c, character::kList); }  // list-char: wildcards too
constexpr bool is_set_char(char c) { return is_in(c, character::kSet); }    // what a sequence-set is written with
constexpr bool is_name_char(char c) { return is_in(c, character::kName); }  // names of items and keys, object ids

}  // namespace gatepost::imap
