#include "base/base64.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace gatepost::base64 {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNone = 0xff;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNone);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}
constexpr std::array<std::uint8_t, 256> kValues = make_values();

std::uint32_t value(char c) { return kValues[static_cast<unsigned char>(c)]; }

}  // namespace

std::string encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  auto octet = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])); };
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t group = octet(i) << 16 | octet(i + 1) << 8 | octet(i + 2);
    const char characters[4] = {kAlphabet[group >> 18], kAlphabet[group >> 12 & 63], kAlphabet[group >> 6 & 63],
                                kAlphabet[group & 63]};
    out.append(characters, 4);
  }
  if (bytes.size() - i == 1) {
    const std::uint32_t group = octet(i) << 16;
    const char characters[4] = {kAlphabet[group >> 18], kAlphabet[group >> 12 & 63], '=', '='};
    out.append(characters, 4);
  } else if (bytes.size() - i == 2) {
    const std::uint32_t group = octet(i) << 16 | octet(i + 1) << 8;
    const char characters[4] = {kAlphabet[group >> 18], kAlphabet[group >> 12 & 63], kAlphabet[group >> 6 & 63], '='};
    out.append(characters, 4);
  }
  return out;
}

std::optional<std::string> decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out;
  if (text.empty()) return out;
  std::size_t padding = 0;
  if (text.back() == '=') padding = text[text.size() - 2] == '=' ? 2 : 1;
  out.reserve(text.size() / 4 * 3);
  const std::size_t whole = text.size() - (padding != 0 ? 4 : 0);
  for (std::size_t i = 0; i < whole; i += 4) {
    const std::uint32_t a = value(text[i]), b = value(text[i + 1]), c = value(text[i + 2]), d = value(text[i + 3]);
    if ((a | b | c | d) >= 64) return std::nullopt;
    const std::uint32_t group = a << 18 | b << 12 | c << 6 | d;
    const char octets[3] = {static_cast<char>(group >> 16), static_cast<char>(group >> 8), static_cast<char>(group)};
    out.append(octets, 3);
  }
  if (padding == 0) return out;
  const std::uint32_t a = value(text[whole]), b = value(text[whole + 1]);
  const std::uint32_t c = padding == 1 ? value(text[whole + 2]) : 0;
  if ((a | b | c) >= 64) return std::nullopt;
  const std::uint32_t group = a << 18 | b << 12 | c << 6;
  // RFC 4648 3.5: pad bits that are not zero are refused, so that each octet string has one spelling.
  if ((group & (padding == 2 ? 0xffffU : 0xffU)) != 0) return std::nullopt;
  out.push_back(static_cast<char>(group >> 16));
  if (padding == 1) out.push_back(static_cast<char>(group >> 8));
  return out;
}

std::string encode_url(std::string_view bytes) {
  std::string out = encode(bytes);
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  while (out.ends_with('=')) out.pop_back();
  return out;
}

std::optional<std::string> decode_url(std::string_view text) {
  std::string standard(text);
  while (standard.ends_with('=')) standard.pop_back();
  std::ranges::replace(standard, '-', '+');
  std::ranges::replace(standard, '_', '/');
  while (standard.size() % 4 != 0) standard += '=';
  return decode(standard);
}

}  // namespace gatepost::base64
