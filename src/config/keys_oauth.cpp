#include "config/domain_values.hpp"
#include "config/key_values.hpp"

#include "base/ascii.hpp"

// The keys of [[oauth.provider]].
namespace gatepost::config {
namespace {

using namespace values;
using Check = OauthProvider::Check;

constexpr std::size_t kMaxProviderUrlOctets = 1000;

constexpr std::array<std::pair<std::string_view, Check>, 2> kChecks = {
    {{"jwt", Check::jwt}, {"introspection", Check::introspection}}};

bool is_https(std::string_view text) {
  return text.starts_with("https://") && text.size() > 8 && text.find(' ') == std::string_view::npos;
}

// RFC 6750 5.2, RFC 7662 4: what is asked there decides who signs in.
Refusal provider_url(std::string_view text) {
  if (text.empty() || is_https(text)) return std::nullopt;
  return Complaint{"is no https:// address", "What is read there decides who signs in.",
                   "Write an address such as \"https://id.example.org/realms/staff\"."};
}

// scope-token = 1*( %x21 / %x23-5B / %x5D-7E ) (RFC 6749 3.3)
bool take_scope(std::string_view text, std::vector<std::string>& out) {
  const bool good = !text.empty() && text.size() <= 200 &&
                    std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f' && c != '"' && c != '\\'; });
  if (good) out.emplace_back(text);
  return good;
}

bool take_audience(std::string_view text, std::vector<std::string>& out) {
  if (text.empty() || text.size() > 500) return false;
  out.emplace_back(text);
  return true;
}

}  // namespace

const std::vector<Key<OauthProvider>>& oauth_provider_keys() {
  static const std::vector<Key<OauthProvider>> all = [] {
    constexpr std::string_view s = "oauth.provider";
    std::vector<Key<OauthProvider>> k;
    k.push_back(required(text(s, "name", AT(OauthProvider, name), 32, group_name, "text",
                              "What the log and the metrics call it: small letters, digits, hyphens.")));
    k.push_back(words(s, "check", AT(OauthProvider, check), kChecks,
                      "How its tokens are verified: they are JWTs signed by its published keys (RS256, PS256, ES256, "
                      "EdDSA), or it is asked about each of them (RFC 7662)."));
    k.push_back(text(s, "issuer", AT(OauthProvider, issuer), kMaxProviderUrlOctets, provider_url, "https address",
                     "`iss` of its tokens, letter by letter. Needed for `jwt`."));
    k.push_back(shown(text(s, "discovery", AT(OauthProvider, discovery), kMaxProviderUrlOctets, provider_url,
                           "https address", "Its discovery document. Clients are told of it, too."),
                      "`issuer` and `/.well-known/openid-configuration`"));
    k.push_back(shown(text(s, "jwks", AT(OauthProvider, jwks), kMaxProviderUrlOctets, provider_url, "https address",
                           "Its keys (RFC 7517)."),
                      "what the discovery document says"));
    k.push_back(shown(text(s, "introspection", AT(OauthProvider, introspection), kMaxProviderUrlOctets, provider_url,
                           "https address", "Where it is asked about tokens."),
                      "what the discovery document says"));
    k.push_back(text(s, "client_id", AT(OauthProvider, client_id), 500, any_text, "text",
                     "Who asks it about tokens: this server as one of its clients."));
    k.push_back(shown(path(s, "client_secret_file", AT(OauthProvider, client_secret_file),
                           "The first line of this file is the secret that goes with it."),
                      "none"));
    k.push_back(shown(path(s, "ca_file", AT(OauthProvider, ca_file),
                           "PEM file of the authorities the provider's own certificate may come from."),
                      "the system's"));
    k.push_back(list<OauthProvider, std::string>(s, "audience", AT(OauthProvider, audiences), take_audience, write_text,
                                                 0, "\"https://mail.example.org\"", "list of texts",
                                                 "One of them has to be in `aud` of a token: how the provider says "
                                                 "that it is meant for this server. Needed for `jwt`."));
    k.push_back(list<OauthProvider, std::string>(s, "scopes", AT(OauthProvider, scopes), take_scope, write_text, 0,
                                                 "\"mail\"", "list of words",
                                                 "All of them have to be in `scope` (or `scp`) of a token."));
    k.push_back(text(s, "account_claim", AT(OauthProvider, account_claim), 100, not_empty, "text",
                     "The claim that names the account, by its address or an alias: `email`, `preferred_username`, "
                     "`upn`. An `email` that the provider calls unverified is not taken."));
    k.push_back(text(s, "default_domain", AT(OauthProvider, default_domain), 253, domain_or_nothing, "domain name",
                     "Of accounts that the claim names without a domain; `\"\"`: those are refused."));
    k.push_back(shown(list<OauthProvider, std::string>(s, "domains", AT(OauthProvider, domains), take_domain,
                                                       write_text, 0, "\"example.org\"", "list of domain names",
                                                       "The only domains whose accounts it may speak for."),
                      "all"));
    k.push_back(duration(s, "leeway", AT(OauthProvider, leeway), seconds(0), std::chrono::minutes(10),
                         "How far its clock may be from ours."));
    k.push_back(duration(s, "remember", AT(OauthProvider, remember), seconds(0), std::chrono::hours(1),
                         "How long what introspection said of a token is believed; refusals at most 30 s."));
    k.push_back(flag(s, "end_sessions", AT(OauthProvider, end_sessions),
                     "A session ends when the token ends that it began by; programs sign in again with a new one."));
    k.push_back(duration(s, "beyond_token", AT(OauthProvider, beyond_token), seconds(0), std::chrono::days(7),
                         "With `end_sessions`: how much longer it may live. Never less than `leeway`."));
    k.push_back(duration(s, "timeout", AT(OauthProvider, timeout), seconds(1), std::chrono::minutes(1),
                         "Of one question to the provider."));
    k.push_back(duration(s, "keys_lifetime", AT(OauthProvider, keys_lifetime), seconds(10), std::chrono::hours(24),
                         "After this its keys are read again; while that fails, the old ones are good for a day."));
    k.push_back(duration(s, "refetch_after", AT(OauthProvider, refetch_after), seconds(1), std::chrono::hours(1),
                         "How soon they are read again because a token names one that is not known."));
    return k;
  }();
  return all;
}

}  // namespace gatepost::config
