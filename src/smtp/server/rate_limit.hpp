#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>

#include "base/clock.hpp"
#include "base/mutex.hpp"

namespace gatepost::smtp::server {

// So many events for each key in so much time: a bucket that holds `limit` and is refilled evenly. Thread-safe. It
// keeps one number for each key whose bucket is not full, and at most kMaxKeys of them: further ones are not counted.
template <class Key>
class RateLimit {
 public:
  static constexpr std::size_t kMaxKeys = 100'000;

  // false: the bucket is empty, nothing was taken. `limit` 0: no limit.
  bool take(const Key& key, std::uint32_t limit, std::chrono::seconds per, SteadyPoint now) {
    if (limit == 0) return true;
    const SteadyPoint::duration each = SteadyPoint::duration(per) / limit;
    const Lock lock(mutex_);
    auto at = full_again_.find(key);
    if (at == full_again_.end()) {
      if (full_again_.size() >= sweep_at_ && now >= sweep_again_) sweep(now);
      if (full_again_.size() >= kMaxKeys) return true;
      at = full_again_.emplace(key, now).first;
    }
    const SteadyPoint next = std::max(at->second, now) + each;
    if (next - now > per) return false;
    at->second = next;
    return true;
  }

  std::size_t keys() const {
    const Lock lock(mutex_);
    return full_again_.size();
  }

 private:
  void sweep(SteadyPoint now) GP_REQUIRES(mutex_) {
    std::erase_if(full_again_, [now](const auto& entry) { return entry.second <= now; });
    sweep_at_ = std::clamp<std::size_t>(2 * full_again_.size(), kFirstSweep, kMaxKeys);
    sweep_again_ = now + std::chrono::seconds(1);  // a flood of new keys must not cost a sweep each
  }

  static constexpr std::size_t kFirstSweep = 1024;
  mutable Mutex mutex_;
  std::map<Key, SteadyPoint> full_again_ GP_GUARDED_BY(mutex_);  // when the bucket will be full
  std::size_t sweep_at_ GP_GUARDED_BY(mutex_) = kFirstSweep;
  SteadyPoint sweep_again_ GP_GUARDED_BY(mutex_);
};

}  // namespace gatepost::smtp::server
