#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace gatepost::store {

// Names a body by its content: SHA-256 and length of the uncompressed octets.
struct BlobId {
  std::array<std::uint8_t, 32> sha256{};
  std::uint64_t size = 0;
  auto operator<=>(const BlobId&) const = default;
  std::string to_hex() const;
};

}  // namespace gatepost::store
