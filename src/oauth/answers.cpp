#include "oauth/answers.hpp"

#include <span>

#include "base/digest.hpp"

namespace gatepost::oauth {

Answers::Answers(const Clock& clock, Random& random) : clock_(clock) {
  random.fill(std::as_writable_bytes(std::span(key_)));
}

std::string Answers::tag_of(std::string_view provider, const Secret& token) const {
  const std::string own = hmac_sha256({key_.data(), key_.size()}, provider);
  return hmac_sha256(own, token.reveal());
}

std::optional<directory::TokenVerdict> Answers::find(std::string_view provider, const Secret& token) {
  const std::string tag = tag_of(provider, token);
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(tag);
  if (at == entries_.end() || at->second.until <= clock_.steady()) return std::nullopt;
  return at->second.verdict;
}

void Answers::remember(std::string_view provider, const Secret& token, directory::TokenVerdict verdict,
                       std::chrono::seconds how_long) {
  if (how_long.count() <= 0) return;
  std::string tag = tag_of(provider, token);
  const std::lock_guard lock(mutex_);
  const SteadyPoint now = clock_.steady();
  while (!order_.empty()) {
    const auto oldest = entries_.find(order_.front().first);
    const bool replaced = oldest == entries_.end() || oldest->second.number != order_.front().second;
    if (!replaced && oldest->second.until > now && order_.size() < kMaxEntries) break;
    if (!replaced) entries_.erase(oldest);
    order_.pop_front();
  }
  entries_[tag] = {std::move(verdict), now + how_long, next_};
  order_.emplace_back(std::move(tag), next_++);
}

void Answers::clear() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
  order_.clear();
}

std::size_t Answers::size() {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace gatepost::oauth
