#include "directory/success_cache.hpp"

#include <sodium.h>

#include <cstring>
#include <span>

#include "base/result.hpp"

namespace gatepost::directory {

SuccessCache::SuccessCache(const Clock& clock, Random& random) : clock_(clock) {
  GP_ASSERT(sodium_init() >= 0);
  random.fill(std::as_writable_bytes(std::span(key_)));
}

SuccessCache::~SuccessCache() { sodium_memzero(key_.data(), key_.size()); }

// The tags are evenly spread and nobody outside can choose them.
std::size_t SuccessCache::Hash::operator()(const Tag& tag) const {
  std::size_t value;
  std::memcpy(&value, tag.data(), sizeof value);
  return value;
}

SuccessCache::Tag SuccessCache::tag_of(std::uint64_t generation, const Secret& password) const {
  Tag tag;
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, key_.data(), key_.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(&generation), sizeof generation);
  const std::string_view text = password.reveal();
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  crypto_auth_hmacsha256_final(&state, tag.data());
  sodium_memzero(&state, sizeof state);
  return tag;
}

void SuccessCache::drop_expired() {
  const SteadyPoint now = clock_.steady();
  while (!order_.empty()) {
    const auto it = until_.find(order_.front());
    if (it->second > now && until_.size() < kMaxEntries) return;
    until_.erase(it);
    order_.pop_front();
  }
}

bool SuccessCache::contains(std::uint64_t generation, const Secret& password) {
  const Tag tag = tag_of(generation, password);
  const std::lock_guard lock(mutex_);
  drop_expired();
  return until_.contains(tag);
}

void SuccessCache::remember(std::uint64_t generation, const Secret& password) {
  const Tag tag = tag_of(generation, password);
  const std::lock_guard lock(mutex_);
  drop_expired();
  if (until_.emplace(tag, clock_.steady() + kLifetime).second) order_.push_back(tag);
}

std::size_t SuccessCache::size() {
  const std::lock_guard lock(mutex_);
  return until_.size();
}

}  // namespace gatepost::directory
