#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatepost::http {

// One part of a representation: octets first to last, both counted from 0.
struct ByteRange {
  std::uint64_t first = 0, last = 0;
  std::uint64_t size() const { return last - first + 1; }
};

struct RangeAnswer {
  // whole: no Range, one that is not understood, or several (RFC 9110 14.2 allows to ignore it).
  enum class Kind : std::uint8_t { whole, part, unsatisfiable } kind = Kind::whole;
  ByteRange part;
};
// The value of a Range field (RFC 9110 14.1.2) for a representation of `size` octets.
RangeAnswer parse_range(std::string_view value, std::uint64_t size);

// Content-Range (RFC 9110 14.4): "bytes 0-499/1234"; without a part "bytes */1234".
std::string content_range(const std::optional<ByteRange>& part, std::uint64_t size);

}  // namespace gatepost::http
