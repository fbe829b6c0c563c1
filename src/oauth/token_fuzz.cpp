#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/base64.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "oauth/base64url.hpp"
#include "oauth/claims.hpp"
#include "oauth/jwk.hpp"
#include "oauth/jwt.hpp"

using namespace gatepost::oauth;

// Anything that a client or a provider can send: a token, keys, claims, a discovery document. Nothing lets in by
// itself.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const gatepost::ManualClock clock;
  const auto keys = read_jwks(text);
  if (keys) GP_ASSERT(keys->size() <= kMaxKeys);
  if (const auto jwt = parse_jwt(text)) {
    GP_ASSERT(!jwt->signature.empty());
    GP_ASSERT(text.starts_with(jwt->signed_part));
    (void)read_claims(jwt->claims, "email");
    const auto key = PublicKey::ed25519(std::string(32, 'k'));
    if (key) GP_ASSERT(!key->verifies(jwt->algorithm, jwt->signed_part, jwt->signature));
  }
  Provider provider{.name = "id", .issuer = "https://id.example.org", .audiences = {"mail"}};
  if (const auto claims = read_claims(text, "email")) {
    for (const auto check : {Provider::Check::jwt, Provider::Check::introspection}) {
      provider.check = check;
      const auto verdict = judge(*claims, "", provider, clock.now());
      GP_ASSERT((verdict.kind == gatepost::directory::TokenVerdict::Kind::good) == !verdict.name.empty());
    }
  }
  if (const auto found = read_discovery(text, "")) {
    GP_ASSERT(found->jwks.empty() || is_https_url(found->jwks));
  }
  if (const auto octets = from_base64url(text))
    GP_ASSERT(from_base64url(gatepost::base64::encode_url(*octets)) == *octets);
  return 0;
}
