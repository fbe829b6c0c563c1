#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "sasl/mechanism.hpp"

// The arithmetic of SCRAM (RFC 5802 3), OpenSSL inside. Pure.
namespace gatepost::sasl {

enum class Hash : std::uint8_t { sha1, sha256 };
std::size_t octets_of(Hash hash);
std::string_view to_string(Hash hash);  // "SHA-256"

std::string digest(Hash hash, std::string_view octets);  // H
std::string hmac(Hash hash, std::string_view key, std::string_view octets);

// Stands in for the verifier of a name that has none. The same name gives the same one, of the form a true one has: 16
// octets of salt. No proof fits it: its stored key is no hash of a known key.
ScramVerifier decoy_verifier(Hash hash, std::string_view decoy_key, std::string_view name, std::uint32_t iterations);

}  // namespace gatepost::sasl
