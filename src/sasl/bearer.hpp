#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "sasl/mechanism.hpp"

// Bearer tokens as SASL carries them: OAUTHBEARER (RFC 7628), and XOAUTH2, which Google and Microsoft had before it.
namespace gatepost::sasl {

struct BearerMessage {
  std::string name;  // whom the client means; OAUTHBEARER: may be empty
  Secret token;      // empty: the client asks where it could get one (RFC 7628 4.3)
  bool operator==(const BearerMessage& other) const {
    return name == other.name && token.reveal() == other.token.reveal();
  }
};
// Errc::invalid: breaks the grammar, or over the limits. Errc::unsupported: asks for channel binding, or has
// credentials that are no bearer token.
Result<BearerMessage> parse_oauthbearer(std::string_view message);
Result<BearerMessage> parse_xoauth2(std::string_view message);
std::string write_oauthbearer(const BearerMessage& message);
std::string write_xoauth2(const BearerMessage& message);

// b64token of RFC 6750 2.1, of at most kMaxTokenOctets.
bool is_bearer_token(std::string_view token);

// Both mechanisms say all in one message. What follows a token that is refused is the caller's: it sends
// TokenRefusal, takes whatever comes in answer, and has failed then.
std::unique_ptr<Exchange> make_bearer_exchange(Mechanism mechanism);

// RFC 7628 3.2.2, for both. `status`: "invalid_token", "insufficient_scope".
struct TokenRefusal {
  std::string status;
  std::string scope;                 // that is needed; empty: not said
  std::string openid_configuration;  // URL; empty: not said
};
std::string write_token_refusal(const TokenRefusal& refusal);  // JSON

}  // namespace gatepost::sasl
