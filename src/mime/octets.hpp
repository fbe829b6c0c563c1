#pragma once

#include <string_view>

#include "base/ascii.hpp"

// Pieces that several readers share.
namespace gatepost::mime {

// -1: c is no hexadecimal digit.
inline int hex_value(char c) {
  if (ascii::is_digit(c)) return c - '0';
  if (ascii::lower(c) >= 'a' && ascii::lower(c) <= 'f') return ascii::lower(c) - 'a' + 10;
  return -1;
}

inline std::string_view without_line_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace gatepost::mime
