#include "oauth/claims.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.hpp"
#include "base/date.hpp"
#include "base/utf8.hpp"
#include "oauth/json_reader.hpp"

namespace gatepost::oauth {
namespace {

using directory::TokenVerdict;
using Kind = TokenVerdict::Kind;

constexpr std::size_t kMaxUrlOctets = 2000;
constexpr std::size_t kMaxNameOctets = 320;
constexpr std::size_t kShownOctets = 100;

std::string shown_claim(std::string_view text) {
  std::string out = utf8::sanitize(text.substr(0, kShownOctets));
  std::ranges::replace_if(out, ascii::is_control, ' ');
  return out;
}

bool has(const std::vector<std::string>& all, const std::string& one) {
  return std::ranges::find(all, one) != all.end();
}

TokenVerdict refuse(Kind kind, std::string detail) { return {.kind = kind, .detail = std::move(detail)}; }

// The account's address, or why the provider may not name it.
Result<std::string> account_of(const Claims& claims, const Provider& provider) {
  if (claims.account.empty()) return fail(Errc::invalid, fmt::format("it has no claim {}", provider.account_claim));
  if (claims.account.size() > kMaxNameOctets || !utf8::is_valid(claims.account) ||
      std::ranges::any_of(claims.account, ascii::is_control))
    return fail(Errc::invalid, fmt::format("its claim {} is not a name", provider.account_claim));
  if (provider.account_claim == "email" && claims.email_unverified)
    return fail(Errc::invalid, "the provider has not verified its address");
  std::string name = claims.account;
  if (!name.contains('@')) {
    if (provider.default_domain.empty())
      return fail(Errc::invalid, fmt::format("its claim {} has no domain", provider.account_claim));
    name += '@' + provider.default_domain;
  }
  const std::string domain = ascii::to_lower(std::string_view(name).substr(name.rfind('@') + 1));
  if (!provider.domains.empty() && !has(provider.domains, domain))
    return fail(Errc::invalid, fmt::format("the provider may not speak for accounts of {}", shown_claim(domain)));
  return name;
}

}  // namespace

Result<Claims> read_claims(std::string_view json, std::string_view account_claim) {
  GP_TRY(const JsonObject object, JsonObject::parse(json));
  Claims out;
  out.issuer = object.text("iss").value_or("");
  out.audiences = object.texts("aud");
  for (const std::string_view name : {"scope", "scp"}) {
    for (const std::string& words : object.texts(name)) {
      for (const std::string_view word : ascii::split(words, ' ')) {
        if (!word.empty() && out.scopes.size() < kMaxListed) out.scopes.emplace_back(word);
      }
    }
  }
  out.expires = object.time("exp");
  out.not_before = object.time("nbf");
  out.account = object.text(account_claim).value_or("");
  out.email_unverified = object.flag("email_verified") == false;
  out.kind = object.text("typ").value_or("");
  out.active = object.flag("active");
  return out;
}

TokenVerdict judge(const Claims& claims, std::string_view type, const Provider& provider, TimePoint now) {
  const bool jwt = provider.check == Provider::Check::jwt;
  // RFC 9068 4 wants "at+jwt"; most providers write "JWT", or nothing.
  if (!type.empty() && type != "jwt" && type != "at+jwt")
    return refuse(Kind::not_here, fmt::format("it is of type {}, no access token", shown_claim(type)));
  if (!claims.kind.empty() && !ascii::iequals(claims.kind, "Bearer"))
    return refuse(Kind::not_here, fmt::format("it is a token for {}, not for access", shown_claim(claims.kind)));
  if (!provider.issuer.empty() && claims.issuer != provider.issuer && (jwt || !claims.issuer.empty()))
    return refuse(Kind::not_here, fmt::format("its issuer is {}", shown_claim(claims.issuer)));
  // RFC 9068 4: "aud" has to name us. A provider that is asked may leave it out (RFC 7662 2.2).
  if (!provider.audiences.empty() && (jwt || !claims.audiences.empty()) &&
      std::ranges::none_of(claims.audiences, [&](const std::string& one) { return has(provider.audiences, one); })) {
    return refuse(Kind::not_here,
                  fmt::format("it is for {}", shown_claim(fmt::format("{}", fmt::join(claims.audiences, " ")))));
  }
  if (jwt && !claims.expires) return refuse(Kind::not_here, "it does not say when it expires");
  if (claims.expires && now >= *claims.expires + provider.leeway)
    return refuse(Kind::ended, fmt::format("it expired at {}", date::format_rfc3339(*claims.expires)));
  if (claims.not_before && now + provider.leeway < *claims.not_before)
    return refuse(Kind::ended, fmt::format("it is good from {} on", date::format_rfc3339(*claims.not_before)));
  for (const std::string& scope : provider.scopes) {
    if (has(claims.scopes, scope)) continue;
    TokenVerdict out = refuse(Kind::not_here, fmt::format("it lacks the scope {}", scope));
    out.scope = true;
    return out;
  }
  auto account = account_of(claims, provider);
  if (!account) return refuse(Kind::not_here, std::move(account).error().detail);
  TokenVerdict out{.kind = Kind::good, .name = *std::move(account)};
  if (claims.expires && provider.end_sessions)
    out.ends = *claims.expires + std::max(provider.leeway, provider.beyond_token);
  return out;
}

Result<Discovery> read_discovery(std::string_view json, std::string_view issuer) {
  GP_TRY(const JsonObject object, JsonObject::parse(json));
  // OpenID Connect Discovery 4.3, RFC 8414 3.3: letter by letter.
  const std::string says = object.text("issuer").value_or("");
  if (!issuer.empty() && says != issuer)
    return fail(Errc::invalid, fmt::format("it is of the issuer \"{}\"", shown_claim(says)));
  const auto url = [&](std::string_view key) {
    std::string out = object.text(key).value_or("");
    return is_https_url(out) ? out : std::string();
  };
  return Discovery{url("jwks_uri"), url("introspection_endpoint")};
}

bool is_https_url(std::string_view text) {
  return text.starts_with("https://") && text.size() > 8 && text.size() < kMaxUrlOctets &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; });
}

}  // namespace gatepost::oauth
