#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/result.hpp"

// What a push service passes on and cannot read (RFC 8291).
namespace gatepost::push {

// Of a subscriber, as octets: a point of P-256 in uncompressed form, and a secret.
struct SubscriberKeys {
  std::string p256dh;  // 65
  std::string auth;    // 16
};
// From base64url (RFC 4648 5), padded or not. Errc::invalid: they are none.
Result<SubscriberKeys> read_keys(std::string_view p256dh, std::string_view auth);

inline constexpr std::size_t kMaxPlainOctets = 3'993;  // RFC 8291 4

// The content of a push message (coding aes128gcm of RFC 8188): one record. Errc::too_large: over kMaxPlainOctets;
// Errc::invalid: the key is no point of the curve.
Result<std::string> encrypt(const SubscriberKeys& keys, std::string_view plain, Random& random);
// The same with the sender's private key (32 octets) and the salt (16) given: for tests.
Result<std::string> encrypt_with(const SubscriberKeys& keys, std::string_view plain, std::string_view private_key,
                                 std::string_view salt);

Result<std::string> from_base64url(std::string_view text);

}  // namespace gatepost::push
