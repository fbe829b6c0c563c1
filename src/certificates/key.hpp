#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"

struct evp_pkey_st;

namespace gatepost::certificates {

enum class KeyKind : std::uint8_t { p256, p384, rsa2048, rsa3072, rsa4096 };

// A private key. Immutable; copies share it. Thread-safe.
class Key {
 public:
  static Result<Key> make(KeyKind kind);
  // The first private key of a PEM text of at most 64 KiB, without a passphrase. Errc::invalid.
  static Result<Key> from_pem(std::string_view pem);
  Secret to_pem() const;  // PKCS #8

  std::string public_der() const;  // SubjectPublicKeyInfo (RFC 5280 4.1)
  // RFC 7518 3.4: R and S, 32 octets each; for a P-256 key alone.
  Result<std::string> sign_es256(std::string_view octets) const;
  // The coordinates of a P-256 public key, 32 octets each (RFC 7518 6.2.1).
  struct Point {
    std::string x, y;
  };
  Result<Point> point() const;
  bool same_as(const Key& other) const;
  bool is(KeyKind kind) const;

  evp_pkey_st* raw() const { return key_.get(); }  // borrowed, for this layer

 private:
  explicit Key(evp_pkey_st* key);
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace gatepost::certificates
