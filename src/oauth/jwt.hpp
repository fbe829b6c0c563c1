#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace gatepost::oauth {

// What a signature may be made by (RFC 7518 3.1, RFC 8037 3.1). "none" and those by a shared secret (HS256 and so on)
// have no name here: a token that says one of them is not read at all.
enum class Algorithm : std::uint8_t { rs256, ps256, es256, eddsa };
std::string_view to_string(Algorithm algorithm);
std::optional<Algorithm> algorithm_named(std::string_view name);

// A signed token (RFC 7519, in the compact form of RFC 7515 7.1), taken apart. Nothing in it is proven yet.
struct Jwt {
  Algorithm algorithm = Algorithm::rs256;
  std::string key_id;            // "kid"; empty: not said
  std::string type;              // "typ", lower case, without "application/"
  std::string_view signed_part;  // view into the token
  std::string signature;
  std::string claims;  // JSON
};
// Errc::invalid: not of this form, or signed by what we do not take; Errc::unsupported: has a header that must be
// understood ("crit", RFC 7515 4.1.11).
Result<Jwt> parse_jwt(std::string_view token);

}  // namespace gatepost::oauth
