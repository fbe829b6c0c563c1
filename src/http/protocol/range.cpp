#include "http/protocol/range.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.hpp"

namespace gatepost::http {
namespace {

// 1*DIGIT; what is larger than any size counts as the largest.
std::optional<std::uint64_t> range_number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t out = 0;
  for (const char c : text) {
    if (!ascii::is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    out = out > (UINT64_MAX - digit) / 10 ? UINT64_MAX : out * 10 + digit;
  }
  return out;
}

}  // namespace

RangeAnswer parse_range(std::string_view value, std::uint64_t size) {
  using Kind = RangeAnswer::Kind;
  // ranges-specifier = range-unit "=" range-set; int-range = first-pos "-" [ last-pos ]; suffix-range = "-"
  // suffix-length
  if (!ascii::istarts_with(value, "bytes=")) return {};
  const std::string_view range = ascii::trim(value.substr(6));
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos || range.find(',') != std::string_view::npos) return {};
  const std::string_view first_text = range.substr(0, dash), last_text = range.substr(dash + 1);
  const auto first = range_number(first_text), last = range_number(last_text);
  if (first_text.empty()) {
    if (!last) return {};
    if (*last == 0 || size == 0) return {Kind::unsatisfiable, {}};
    return {Kind::part, {size - std::min(*last, size), size - 1}};
  }
  if (!first || (!last && !last_text.empty()) || (last && *last < *first)) return {};
  if (*first >= size) return {Kind::unsatisfiable, {}};
  return {Kind::part, {*first, last ? std::min(*last, size - 1) : size - 1}};
}

std::string content_range(const std::optional<ByteRange>& part, std::uint64_t size) {
  if (!part) return fmt::format("bytes */{}", size);
  return fmt::format("bytes {}-{}/{}", part->first, part->last, size);
}

}  // namespace gatepost::http
