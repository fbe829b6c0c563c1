#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace gatepost {

using Sha256Value = std::array<std::uint8_t, 32>;

Sha256Value sha256(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view bytes);  // 32 octets
std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);   // Castagnoli; hardware where there is some
std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t seed = 0);  // the same without hardware, for tests

// Incremental SHA-256.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view bytes);
  Sha256Value finish();  // resets

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gatepost
