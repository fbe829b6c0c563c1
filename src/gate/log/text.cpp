#include "gate/log/text.hpp"

#include <algorithm>
#include <array>

namespace gatepost::gate::log::text {

namespace {

bool parse_v4(std::string_view s, std::uint8_t* out) {
  unsigned value = 0, digits = 0, parts = 0;
  for (const char c : s) {
    const auto digit = static_cast<unsigned>(c - '0');
    if (digit <= 9) {
      if (digits != 0 && value == 0) return false;  // "01" is octal to some and decimal to others
      value = value * 10 + digit;
      if (value > 255) return false;
      ++digits;
    } else if (c == '.') {
      if (digits == 0 || parts == 3) return false;
      out[parts++] = static_cast<std::uint8_t>(value);
      value = digits = 0;
    } else {
      return false;
    }
  }
  if (parts != 3 || digits == 0) return false;
  out[3] = static_cast<std::uint8_t>(value);
  return true;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool parse_v6(std::string_view s, std::array<std::uint8_t, 16>& out) {
  std::size_t filled = 0, gap = 17, i = 0;
  out = {};
  if (s.starts_with("::")) {
    gap = 0;
    i = 2;
    if (i == s.size()) return true;
  } else if (s.starts_with(':')) {
    return false;
  }
  while (i < s.size()) {
    unsigned value = 0, digits = 0;
    const std::size_t begin = i;
    for (; i < s.size() && digits < 5; ++i, ++digits) {
      const int digit = hex_value(s[i]);
      if (digit < 0) break;
      value = value * 16 + static_cast<unsigned>(digit);
    }
    if (i < s.size() && s[i] == '.') {  // the last 32 bits in dotted form
      if (filled > 12 || !parse_v4(s.substr(begin), out.data() + filled)) return false;
      filled += 4;
      i = s.size();
      break;
    }
    if (digits == 0 || digits > 4 || filled > 14) return false;
    out[filled++] = static_cast<std::uint8_t>(value >> 8);
    out[filled++] = static_cast<std::uint8_t>(value);
    if (i == s.size()) break;
    if (s[i++] != ':' || i == s.size()) return false;
    if (s[i] == ':') {
      if (gap != 17) return false;
      gap = filled;
      if (++i == s.size()) break;
    }
  }
  if (gap == 17) return filled == 16;
  if (filled == 16) return false;
  std::copy_backward(out.begin() + static_cast<std::ptrdiff_t>(gap), out.begin() + static_cast<std::ptrdiff_t>(filled),
                     out.end());
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(gap), out.end() - static_cast<std::ptrdiff_t>(filled - gap), 0);
  return true;
}

}  // namespace

bool parse_address(std::string_view s, Address& out) {
  constexpr std::size_t kLongest = 45;  // "0000:0000:0000:0000:0000:ffff:255.255.255.255"
  if (s.size() < 2 || s.size() > kLongest) return false;
  out.v6 = s.find(':', 0) != std::string_view::npos;
  if (out.v6) {
    out.known = parse_v6(s, out.ip.octets);
    return out.known;
  }
  std::uint8_t octets[4];
  if (!parse_v4(s, octets)) return false;
  out.ip = IpAddress::v4(static_cast<std::uint32_t>(octets[0]) << 24 | static_cast<std::uint32_t>(octets[1]) << 16 |
                         static_cast<std::uint32_t>(octets[2]) << 8 | octets[3]);
  out.known = true;
  return true;
}

}  // namespace gatepost::gate::log::text
