#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace gatepost::store {

// Names a body by its content: SHA-256 and length of the uncompressed octets.
struct BlobId {
  std::array<std::uint8_t, 32> sha256{};
  std::uint64_t size = 0;
  auto operator<=>(const BlobId&) const = default;
  std::string to_hex() const;
  // The 32 octets of the digest; a view into this object.
  std::string_view digest() const { return {reinterpret_cast<const char*>(sha256.data()), sha256.size()}; }
};

// For hash tables: a digest is its own best hash.
struct BlobIdHash {
  std::size_t operator()(const BlobId& id) const {
    std::size_t h;
    std::memcpy(&h, id.sha256.data(), sizeof h);
    return h;
  }
};

}  // namespace gatepost::store
