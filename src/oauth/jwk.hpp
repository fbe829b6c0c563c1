#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "oauth/jwt.hpp"

struct evp_pkey_st;

namespace gatepost::oauth {

// A public key of a provider (RFC 7517): RSA of 2048 to 8192 bits, P-256, or Ed25519. Immutable; copies share it.
// Thread-safe.
class PublicKey {
 public:
  enum class Kind : std::uint8_t { rsa, p256, ed25519 };
  // From the numbers of a JWK, big-endian (RFC 7518 6.2.1, 6.3.1; RFC 8037 2). Errc::invalid: no such key, or too weak.
  static Result<PublicKey> rsa(std::string_view modulus, std::string_view exponent);
  static Result<PublicKey> p256(std::string_view x, std::string_view y);
  static Result<PublicKey> ed25519(std::string_view x);

  Kind kind() const { return kind_; }
  std::string id;                      // "kid"; empty: it has none
  std::optional<Algorithm> algorithm;  // "alg": for this one alone

  bool suits(Algorithm algorithm) const;
  // Whether `signature` over `text` is by the owner of the key; false for an algorithm that does not suit.
  bool verifies(Algorithm algorithm, std::string_view text, std::string_view signature) const;

 private:
  PublicKey(Kind kind, evp_pkey_st* key);
  Kind kind_;
  std::shared_ptr<evp_pkey_st> key_;
};

inline constexpr std::size_t kMaxKeys = 100;

// The keys of a JWK set (RFC 7517 5) that signatures can be verified by; others are passed over. Errc::invalid: no JWK
// set.
Result<std::vector<PublicKey>> read_jwks(std::string_view json);

}  // namespace gatepost::oauth
