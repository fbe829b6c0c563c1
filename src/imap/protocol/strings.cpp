#include "imap/protocol/strings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "imap/protocol/characters.hpp"
#include "imap/protocol/mailbox_name.hpp"

namespace gatepost::imap {
namespace {

// What an octet means for the form a string takes.
enum Octet : std::uint8_t { kEscaped = 1, kLiteral = 2, kEightBit = 4 };
constexpr std::array<std::uint8_t, 256> kOctets = [] {
  std::array<std::uint8_t, 256> table{};
  table['"'] = table['\\'] = kEscaped;
  table['\0'] = table['\r'] = table['\n'] = kLiteral;
  for (std::size_t i = 0x80; i < 256; ++i) table[i] = kEightBit;
  return table;
}();

std::uint8_t look_at(std::string_view text) {
  std::uint8_t seen = 0;
  for (const char c : text) seen |= kOctets[static_cast<unsigned char>(c)];
  return seen;
}

}  // namespace

bool is_atom(std::string_view text) {
  return !text.empty() && text.size() <= kMaxQuotedOctets && std::ranges::all_of(text, is_atom_char) &&
         !ascii::iequals(text, "NIL");
}

void write_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end.ptr);
}

void write_literal_header(std::string& out, std::uint64_t octets, bool binary) {
  if (binary) out += '~';
  out += '{';
  write_number(out, octets);
  out += "}\r\n";
}

void write_string(std::string& out, std::string_view text, bool utf8) {
  const std::uint8_t seen = text.size() > kMaxQuotedOctets ? std::uint8_t{kLiteral} : look_at(text);
  if ((seen & kLiteral) == 0 && ((seen & kEightBit) == 0 || (utf8 && utf8::is_valid(text)))) {
    out += '"';
    if ((seen & kEscaped) == 0) {
      out += text;
    } else {
      for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
      }
    }
    out += '"';
    return;
  }
  write_literal_header(out, text.size());
  const std::size_t at = out.size();
  out += text;
  std::replace(out.begin() + static_cast<std::ptrdiff_t>(at), out.end(), '\0', '\x80');
}

void write_nstring(std::string& out, NString text, bool utf8) {
  if (text) {
    write_string(out, *text, utf8);
  } else {
    out += "NIL";
  }
}

void write_astring(std::string& out, std::string_view text, bool utf8) {
  if (is_atom(text)) {
    out += text;
  } else {
    write_string(out, text, utf8);
  }
}

void write_mailbox(std::string& out, std::string_view name, bool utf8) {
  if (utf8) {
    write_astring(out, utf8::is_valid(name) ? std::string(name) : utf8::sanitize(name), true);
    return;
  }
  auto wire = utf8_to_modified_utf7(name);
  if (!wire) wire = utf8_to_modified_utf7(utf8::sanitize(name));
  write_astring(out, *wire, false);
}

}  // namespace gatepost::imap
