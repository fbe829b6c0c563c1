#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "directory/tokens.hpp"
#include "oauth/provider.hpp"

// What a token says, and whether it lets in. Pure.
namespace gatepost::oauth {

// Claims of a JWT (RFC 7519 4.1, RFC 9068 2.2), or of an answer to introspection (RFC 7662 2.2).
struct Claims {
  std::string issuer;
  std::vector<std::string> audiences;
  std::vector<std::string> scopes;  // of "scope", separated by blanks (RFC 6749 3.3), and of Microsoft's "scp"
  std::optional<TimePoint> expires, not_before;
  std::string account;            // of Provider::account_claim
  bool email_unverified = false;  // "email_verified" is false (OpenID Connect Core 5.1)
  std::string kind;               // "typ" among the claims, as Keycloak has it: "Bearer", "ID"
  std::optional<bool> active;     // introspection
};
// Errc::invalid: no JSON object.
Result<Claims> read_claims(std::string_view json, std::string_view account_claim);

// `type`: the "typ" of a JWT's header; empty for introspection. Whoever calls has verified the signature, or has asked
// the provider.
directory::TokenVerdict judge(const Claims& claims, std::string_view type, const Provider& provider, TimePoint now);

// A provider's discovery document (OpenID Connect Discovery 3, RFC 8414 2). Errc::invalid: none, or of another issuer
// than `issuer` (if that is not empty).
struct Discovery {
  std::string jwks, introspection;  // https URLs; empty: not said
};
Result<Discovery> read_discovery(std::string_view json, std::string_view issuer);

bool is_https_url(std::string_view text);

}  // namespace gatepost::oauth
