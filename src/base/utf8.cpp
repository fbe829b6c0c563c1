#include "base/utf8.hpp"

#include <cstring>

namespace gatepost::utf8 {
namespace {

constexpr char32_t kReplacement = 0xfffd;
constexpr std::uint64_t kHighBits = 0x8080808080808080;

std::size_t ascii_run(std::string_view text) {
  std::size_t i = 0;
  for (; i + 32 <= text.size(); i += 32) {
    std::uint64_t w[4];
    std::memcpy(w, text.data() + i, sizeof w);
    if (((w[0] | w[1] | w[2] | w[3]) & kHighBits) != 0) break;
  }
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + i, sizeof word);
    if ((word & kHighBits) != 0) break;
  }
  while (i < text.size() && (static_cast<unsigned char>(text[i]) & 0x80) == 0) ++i;
  return i;
}

// Octets of the well-formed sequence at the front of `text` (not empty), or 0. RFC 3629 4:
//   UTF8-2 = %xC2-DF UTF8-tail
//   UTF8-3 = %xE0 %xA0-BF UTF8-tail / %xE1-EC 2( UTF8-tail ) / %xED %x80-9F UTF8-tail / %xEE-EF 2( UTF8-tail )
//   UTF8-4 = %xF0 %x90-BF 2( UTF8-tail ) / %xF1-F3 3( UTF8-tail ) / %xF4 %x80-8F 2( UTF8-tail )
std::size_t sequence_octets(std::string_view text) {
  auto octet = [&](std::size_t i) -> unsigned { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  auto tail = [&](std::size_t i) { return (octet(i) & 0xc0) == 0x80; };
  const unsigned a = octet(0);
  if (a < 0x80) return 1;
  if (a < 0xc2 || a > 0xf4) return 0;
  if (a < 0xe0) return tail(1) ? 2 : 0;
  const unsigned b = octet(1);
  if (!tail(1)) return 0;
  if (a < 0xf0) {
    if ((a == 0xe0 && b < 0xa0) || (a == 0xed && b > 0x9f)) return 0;
    return tail(2) ? 3 : 0;
  }
  if ((a == 0xf0 && b < 0x90) || (a == 0xf4 && b > 0x8f)) return 0;
  return tail(2) && tail(3) ? 4 : 0;
}

}  // namespace

bool is_ascii(std::string_view text) { return ascii_run(text) == text.size(); }

bool is_valid(std::string_view text) {
  while (true) {
    text.remove_prefix(ascii_run(text));
    // Text in one script outside ASCII: do not go back to the fast path after every character.
    do {
      if (text.empty()) return true;
      const std::size_t octets = sequence_octets(text);
      if (octets == 0) return false;
      text.remove_prefix(octets);
    } while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0x80) != 0);
  }
}

char32_t next(std::string_view& text) {
  if (text.empty()) return kReplacement;
  const std::size_t octets = sequence_octets(text);
  if (octets == 0) {
    text.remove_prefix(1);
    return kReplacement;
  }
  auto octet = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[i])); };
  char32_t code_point = octet(0);
  if (octets == 2) code_point = (octet(0) & 0x1f) << 6 | (octet(1) & 0x3f);
  if (octets == 3) code_point = (octet(0) & 0x0f) << 12 | (octet(1) & 0x3f) << 6 | (octet(2) & 0x3f);
  if (octets == 4) {
    code_point = (octet(0) & 0x07) << 18 | (octet(1) & 0x3f) << 12 | (octet(2) & 0x3f) << 6 | (octet(3) & 0x3f);
  }
  text.remove_prefix(octets);
  return code_point;
}

void append(std::string& out, char32_t c) {
  if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) c = kReplacement;
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xc0 | c >> 6));
    out.push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | c >> 12));
    out.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else {
    out.push_back(static_cast<char>(0xf0 | c >> 18));
    out.push_back(static_cast<char>(0x80 | (c >> 12 & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3f)));
  }
}

std::string sanitize(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t plain = ascii_run(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    if (const std::size_t octets = sequence_octets(text); octets != 0) {
      out.append(text.substr(0, octets));
      text.remove_prefix(octets);
    } else {
      append(out, kReplacement);
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace gatepost::utf8
