#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "gate/log/event.hpp"

// What the readers of all formats share: pieces of text, without locale and without copies.
namespace gatepost::gate::log::text {

// Decimal digits only, up to `highest`.
inline std::optional<std::uint64_t> number(std::string_view digits, std::uint64_t highest = UINT64_MAX) {
  if (digits.empty() || digits.size() > 20) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : digits) {
    const auto digit = static_cast<unsigned>(c - '0');
    if (digit > 9 || value > (UINT64_MAX - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  if (value > highest) return std::nullopt;
  return value;
}

inline std::optional<std::uint16_t> port(std::string_view digits) {
  const auto value = number(digits, 65535);
  if (!value) return std::nullopt;
  return static_cast<std::uint16_t>(*value);
}

// The front of `rest` up to `end`, which is dropped with it; all of it when `end` does not occur.
inline std::string_view take_until(std::string_view& rest, char end) {
  const std::size_t at = rest.find(end);
  const std::string_view front = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return front;
}

inline void skip_blanks(std::string_view& rest) {
  while (!rest.empty() && (rest.front() == ' ' || rest.front() == '\t')) rest.remove_prefix(1);
}

inline std::string_view trim_end(std::string_view s) {
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t' || s.back() == '\r')) s.remove_suffix(1);
  return s;
}

// The next word, without the blanks around it; "" at the end.
inline std::string_view take_word(std::string_view& rest) {
  skip_blanks(rest);
  const std::size_t at = rest.find(' ');
  const std::string_view word = rest.substr(0, at);
  rest.remove_prefix(word.size());
  return word;
}

// Drops `front` when the text begins with it.
inline bool take(std::string_view& rest, std::string_view front) {
  if (!rest.starts_with(front)) return false;
  rest.remove_prefix(front.size());
  return true;
}

// IPv4 dotted, IPv6 in every form of RFC 4291 2.2; the same language as inet_pton(3), some times faster.
bool parse_address(std::string_view s, Address& out);

}  // namespace gatepost::gate::log::text
