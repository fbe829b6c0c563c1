#include "oauth/verifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "oauth/claims.hpp"
#include "oauth/events.hpp"
#include "oauth/jwt.hpp"
#include "oauth/published.hpp"

namespace gatepost::oauth {
namespace {

using directory::TokenVerdict;
using Kind = TokenVerdict::Kind;

// Why somebody may sign in is forgotten sooner than it is asked again; why not, too, so that a mistake that was put
// right does not last.
constexpr seconds kRefusalsFor{30};

Counter& counter(Metrics& metrics, const std::string& provider, std::string_view outcome) {
  return metrics.counter("gatepost_oauth_tokens_total",
                         fmt::format("provider=\"{}\",outcome=\"{}\"", provider, outcome),
                         "Bearer tokens that were verified, by what came of it.");
}

}  // namespace

struct Verifier::One {
  One(Provider p, Web& web, const Clock& clock, Log& log, Metrics& metrics)
      : provider(std::move(p)),
        published(provider, web, clock, log),
        good(counter(metrics, provider.name, "good")),
        refused(counter(metrics, provider.name, "refused")),
        unchecked(counter(metrics, provider.name, "unchecked")) {}

  TokenVerdict counted(TokenVerdict verdict) {
    (verdict.kind == Kind::good ? good : verdict.kind == Kind::unchecked ? unchecked : refused).add();
    if (verdict.kind != Kind::good) verdict.detail = fmt::format("{}: {}", provider.name, verdict.detail);
    return verdict;
  }

  const Provider provider;
  Published published;
  Counter &good, &refused, &unchecked;
};

Verifier::Verifier(std::vector<Provider> providers, Web& web, const Clock& clock, Random& random, Log& log,
                   Metrics& metrics)
    : web_(web),
      clock_(clock),
      log_(log),
      metrics_(metrics),
      answers_(clock, random),
      all_(std::make_shared<const All>()) {
  set_providers(std::move(providers));
}

Verifier::~Verifier() = default;

std::shared_ptr<const Verifier::All> Verifier::all() const {
  const std::lock_guard lock(mutex_);
  return all_;
}

void Verifier::set_providers(std::vector<Provider> providers) {
  const auto before = all();
  auto fresh = std::make_shared<All>();
  for (Provider& provider : providers) {
    const auto same =
        std::ranges::find_if(*before, [&](const std::shared_ptr<One>& one) { return one->provider == provider; });
    fresh->push_back(same != before->end() ? *same
                                           : std::make_shared<One>(std::move(provider), web_, clock_, log_, metrics_));
  }
  {
    const std::lock_guard lock(mutex_);
    all_ = std::move(fresh);
  }
  answers_.clear();
}

bool Verifier::any() const { return !all()->empty(); }

directory::Tokens::Advice Verifier::advice() const {
  const auto providers = all();
  if (providers->empty()) return {};
  const Provider& first = providers->front()->provider;
  return {fmt::format("{}", fmt::join(first.scopes, " ")), first.discovery};
}

TokenVerdict Verifier::verify(const Secret& token) {
  const auto providers = all();
  const auto jwt = parse_jwt(token.reveal());
  const auto issuer = jwt ? read_claims(jwt->claims, "iss") : Result<Claims>(fail(Errc::invalid));
  std::optional<TokenVerdict> best;
  // The first that lets in counts; of refusals that which knows most.
  const auto take = [&best](TokenVerdict verdict) {
    if (!best || verdict.kind == Kind::good || best->kind == Kind::bad) best = std::move(verdict);
    return best->kind == Kind::good;
  };
  for (const auto& one : *providers) {
    const Provider& provider = one->provider;
    if (provider.check == Provider::Check::jwt) {
      if (!issuer || issuer->issuer != provider.issuer) continue;
      auto claims = read_claims(jwt->claims, provider.account_claim);
      if (claims && take(one->counted(by_signature(*one, *jwt, *claims)))) return *best;
    } else {
      // A JWT of somebody else is not this one's to know.
      if (issuer && !provider.issuer.empty() && issuer->issuer != provider.issuer) continue;
      if (take(one->counted(by_asking(*one, token)))) return *best;
    }
  }
  if (best) return *std::move(best);
  return {.kind = Kind::bad,
          .detail = jwt || token.reveal().find('.') == std::string_view::npos
                        ? "no provider gives out such tokens"
                        : fmt::format("no token that can be verified: {}", jwt.error().detail)};
}

TokenVerdict Verifier::by_signature(One& one, const Jwt& jwt, const Claims& claims) const {
  TokenVerdict verdict = judge(claims, jwt.type, one.provider, clock_.now());
  // Nobody need be asked about a token that could not let in. Whether it is genuine is not known, nor needed.
  if (verdict.kind != Kind::good) return verdict;
  const auto keys = one.published.keys_for(jwt);
  if (!keys && keys.error().code == Errc::unavailable) return {.kind = Kind::unchecked, .detail = keys.error().detail};
  if (!keys) return {.kind = Kind::bad, .detail = keys.error().detail};
  const bool genuine = std::ranges::any_of(
      *keys, [&](const PublicKey& key) { return key.verifies(jwt.algorithm, jwt.signed_part, jwt.signature); });
  if (!genuine) return {.kind = Kind::bad, .detail = "its signature is not by the provider"};
  return verdict;
}

// RFC 7662 2
TokenVerdict Verifier::by_asking(One& one, const Secret& token) {
  const Provider& provider = one.provider;
  if (auto known = answers_.find(provider.name, token)) return *std::move(known);
  const auto unchecked = [&](std::string detail) {
    log_.write(event::kNotAsked, {{"provider", provider.name}, {"detail", detail}});
    return TokenVerdict{.kind = Kind::unchecked, .detail = std::move(detail)};
  };
  auto place = one.published.introspection();
  if (!place) return unchecked(std::move(place).error().detail);
  const std::string form = fmt::format("token={}&token_type_hint=access_token", form_encoded(token.reveal()));
  auto answer = web_.post(provider, *place, form);
  if (!answer) return unchecked(std::move(answer).error().detail);
  if (answer->status != 200) return unchecked(fmt::format("{}: status {}", *place, answer->status));
  const auto claims = read_claims(answer->body, provider.account_claim);
  if (!claims || !claims->active) return unchecked(fmt::format("{}: no answer to the question", *place));
  if (!*claims->active) {
    TokenVerdict out{.kind = Kind::bad, .detail = "the provider does not know it, or not any more"};
    answers_.remember(provider.name, token, out, std::min(provider.remember, kRefusalsFor));
    return out;
  }
  const TimePoint now = clock_.now();
  TokenVerdict verdict = judge(*claims, {}, provider, now);
  seconds how_long = provider.remember;
  if (verdict.kind != Kind::good) how_long = std::min(how_long, kRefusalsFor);
  if (claims->expires) how_long = std::min(how_long, std::chrono::ceil<seconds>(*claims->expires - now));
  answers_.remember(provider.name, token, verdict, how_long);
  return verdict;
}

}  // namespace gatepost::oauth
