#pragma once

#include <string>
#include <string_view>
#include <vector>

// ASCII only, never the locale: what protocol grammars mean by letters, digits and case.
namespace gatepost::ascii {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
constexpr bool is_alnum(char c) { return is_digit(c) || is_alpha(c); }
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }
constexpr bool is_space(char c) { return is_blank(c) || c == '\r' || c == '\n'; }
constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
constexpr bool is_8bit(char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; }

// Equality and order without regard to the case of ASCII letters.
bool iequals(std::string_view a, std::string_view b);
bool istarts_with(std::string_view text, std::string_view prefix);
// Position of `needle` in `text` ignoring ASCII case, or npos.
std::size_t ifind(std::string_view text, std::string_view needle);
struct ILess {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const;
};

std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
// Without leading and trailing blanks, CR and LF. A view into `text`.
std::string_view trim(std::string_view text);
// Views into `text`; adjacent separators give empty fields. split("", ',') is one empty field.
std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace gatepost::ascii
