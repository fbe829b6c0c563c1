#include "oauth/published.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "oauth/events.hpp"

namespace gatepost::oauth {
namespace {

// Looks at what is known, each after a try of our own or another's.
constexpr int kTurns = 4;

}  // namespace

Result<Published::Facts> Published::fetch() const {
  const auto get = [&](const std::string& url) -> Result<std::string> {
    GP_TRY(WebAnswer answer, web_.get(provider_, url));
    if (answer.status != 200) return fail(Errc::unavailable, fmt::format("{}: status {}", url, answer.status));
    return std::move(answer.body);
  };
  const auto wrong = [](const std::string& url, const Error& error) {
    return fail(Errc::unavailable, fmt::format("{}: {}", url, error.detail));
  };
  const bool by_keys = provider_.check == Provider::Check::jwt;
  Facts out{{provider_.jwks, provider_.introspection}, {}};
  if (std::string& needed = by_keys ? out.places.jwks : out.places.introspection; needed.empty()) {
    GP_TRY(const std::string text, get(provider_.discovery));
    auto places = read_discovery(text, provider_.issuer);
    if (!places) return wrong(provider_.discovery, places.error());
    needed = by_keys ? places->jwks : places->introspection;
    if (needed.empty())
      return fail(Errc::unavailable,
                  fmt::format("{} names no {}", provider_.discovery, by_keys ? "jwks_uri" : "introspection_endpoint"));
  }
  if (!by_keys) return out;
  GP_TRY(const std::string text, get(out.places.jwks));
  auto keys = read_jwks(text);
  if (!keys) return wrong(out.places.jwks, keys.error());
  if (keys->empty()) return fail(Errc::unavailable, out.places.jwks + ": no key that tokens could be verified by");
  out.keys = *std::move(keys);
  return out;
}

bool Published::is_fresh() const { return facts_ && clock_.steady() - at_ < provider_.keys_lifetime; }

bool Published::is_usable() const { return facts_ && clock_.steady() - at_ < provider_.keys_lifetime + kUsable; }

Published::Turn Published::refresh(std::unique_lock<std::mutex>& lock, bool enough) {
  const SteadyPoint now = clock_.steady();
  const seconds pause = facts_ ? provider_.refetch_after : std::min(provider_.refetch_after, seconds(kRetry));
  if (fetching_) {
    if (enough && is_usable()) return Turn::use;
    if (waiting_ >= kWaiting) return Turn::no;
    ++waiting_;
    // Discovery and keys are two questions.
    const bool done = fetched_.wait_for(lock, 2 * provider_.timeout + seconds(1), [this] { return !fetching_; });
    --waiting_;
    return done ? Turn::look_again : Turn::no;
  }
  if (tried_ && now - *tried_ < pause) return enough && is_usable() ? Turn::use : Turn::no;
  fetching_ = true;
  lock.unlock();
  Result<Facts> fresh = fail(Errc::internal, "no memory");
  try {
    fresh = fetch();
  } catch (const std::bad_alloc&) {
  }
  lock.lock();
  fetching_ = false;
  // The pause begins when the try ends: one that takes longer than the pause must not be followed by the next at once.
  tried_ = clock_.steady();
  if (fresh) {
    facts_ = *std::move(fresh);
    at_ = now;
    trouble_.clear();
    log_.write(event::kFetched, {{"provider", provider_.name}, {"keys", facts_->keys.size()}});
  } else {
    trouble_ = std::move(fresh).error().detail;
    log_.write(event::kNotFetched, {{"provider", provider_.name}, {"detail", trouble_}});
  }
  fetched_.notify_all();
  return Turn::look_again;
}

std::vector<PublicKey> Published::matching(const Jwt& jwt) const {
  std::vector<PublicKey> out;
  if (!facts_) return out;
  for (const PublicKey& key : facts_->keys) {
    // RFC 7515 4.1.4: a hint. A key without a name may be any.
    const bool may_be = jwt.key_id.empty() || key.id.empty() || key.id == jwt.key_id;
    if (may_be && key.suits(jwt.algorithm) && out.size() < kTried) out.push_back(key);
  }
  return out;
}

Result<std::vector<PublicKey>> Published::keys_for(const Jwt& jwt) {
  std::unique_lock lock(mutex_);
  bool looked = false;
  for (int turn = 0; turn < kTurns; ++turn) {
    std::vector<PublicKey> found = matching(jwt);
    if (!found.empty() && is_fresh()) return found;
    if (looked && found.empty() && is_fresh()) return fail(Errc::unauthenticated, "the provider has no such key");
    switch (refresh(lock, !found.empty())) {
      case Turn::use:
        return found;
      case Turn::look_again:
        looked = true;
        break;
      case Turn::no:
        if (!trouble_.empty()) return fail(Errc::unavailable, trouble_);
        return fail(Errc::unavailable, "the token names a key that is not known, and keys were read a moment ago");
    }
  }
  return fail(Errc::unavailable, "the provider's keys are being read all the time");
}

Result<std::string> Published::introspection() {
  if (!provider_.introspection.empty()) return provider_.introspection;
  std::unique_lock lock(mutex_);
  for (int turn = 0; turn < kTurns; ++turn) {
    if (is_fresh()) return facts_->places.introspection;
    switch (refresh(lock, facts_.has_value())) {
      case Turn::use:
        return facts_->places.introspection;
      case Turn::look_again:
        break;
      case Turn::no:
        return fail(Errc::unavailable, trouble_.empty() ? "too many sign-ins wait for the provider" : trouble_);
    }
  }
  return fail(Errc::unavailable, "what the provider publishes is being read all the time");
}

}  // namespace gatepost::oauth
