#include "base/ascii.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace gatepost::ascii {
namespace {

// Lower-cases the ASCII letters of eight octets at once; octets of 0x80 and above stay as they are.
std::uint64_t lower8(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x80 * kOnes;
  std::uint64_t low7 = word & ~kHigh;
  std::uint64_t from_a = low7 + (0x80 - 'A') * kOnes;      // high bit: octet >= 'A'
  std::uint64_t past_z = low7 + (0x80 - 'Z' - 1) * kOnes;  // high bit: octet > 'Z'
  return word | (((from_a & ~past_z & ~word) & kHigh) >> 2);
}

std::uint64_t load8(const char* p) {
  std::uint64_t word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

bool equal_folded(const char* a, const char* b, std::size_t octets) {
  for (; octets >= 8; a += 8, b += 8, octets -= 8) {
    if (lower8(load8(a)) != lower8(load8(b))) return false;
  }
  for (; octets != 0; ++a, ++b, --octets) {
    if (lower(*a) != lower(*b)) return false;
  }
  return true;
}

}  // namespace

bool iequals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && equal_folded(a.data(), b.data(), a.size());
}

bool istarts_with(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equal_folded(text.data(), prefix.data(), prefix.size());
}

std::size_t ifind(std::string_view text, std::string_view needle) {
  if (needle.empty()) return 0;
  if (needle.size() > text.size()) return std::string_view::npos;
  const char low = lower(needle[0]);
  const char up = upper(needle[0]);
  const std::size_t last = text.size() - needle.size();
  for (std::size_t i = 0; i <= last; ++i) {
    if (low == up) {
      const void* hit = std::memchr(text.data() + i, low, last - i + 1);
      if (hit == nullptr) return std::string_view::npos;
      i = static_cast<std::size_t>(static_cast<const char*>(hit) - text.data());
    } else if (text[i] != low && text[i] != up) {
      continue;
    }
    if (equal_folded(text.data() + i, needle.data(), needle.size())) return i;
  }
  return std::string_view::npos;
}

bool ILess::operator()(std::string_view a, std::string_view b) const {
  const std::size_t common = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < common; ++i) {
    const auto x = static_cast<unsigned char>(lower(a[i]));
    const auto y = static_cast<unsigned char>(lower(b[i]));
    if (x != y) return x < y;
  }
  return a.size() < b.size();
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

std::string to_upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = upper(c);
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t at = text.find(separator);
    fields.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return fields;
    text.remove_prefix(at + 1);
  }
}

}  // namespace gatepost::ascii
