#include "runtime/connection_limits.hpp"

#include <algorithm>
#include <utility>

namespace gatepost::runtime {

namespace {
constexpr std::chrono::minutes kMinute{1};
}

ConnectionLimits::ConnectionLimits(LimitSettings settings, const Clock& clock)
    : clock_(clock), settings_(std::make_shared<const LimitSettings>(std::move(settings))) {}

void ConnectionLimits::reload(LimitSettings settings) {
  auto fresh = std::make_shared<const LimitSettings>(std::move(settings));
  const std::lock_guard lock(settings_mutex_);
  settings_ = std::move(fresh);
}

std::shared_ptr<const LimitSettings> ConnectionLimits::settings() const {
  const std::lock_guard lock(settings_mutex_);
  return settings_;
}

std::optional<ConnectionLimits::Place> ConnectionLimits::enter() {
  const std::uint32_t total = settings()->total;
  if (count_.fetch_add(1, std::memory_order_relaxed) >= total && total != 0) {
    count_.fetch_sub(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  return Place(this);
}

ConnectionLimits::Shard& ConnectionLimits::shard_of(const IpAddress& key) {
  std::uint32_t hash = 2166136261U;  // FNV-1a
  for (const std::uint8_t octet : key.octets) hash = (hash ^ octet) * 16777619U;
  return shards_[(hash >> 16) % kShards];
}

Refusal ConnectionLimits::admit(const IpAddress& key, const LimitSettings& settings) {
  const SteadyPoint now = clock_.steady();
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  if (shard.uses.size() >= shard.sweep_at) {
    std::erase_if(shard.uses, [now](const auto& entry) {
      return entry.second.open == 0 && now - entry.second.minute_began >= kMinute;
    });
    shard.sweep_at = std::max<std::size_t>(1024, 2 * shard.uses.size());
  }
  Use& use = shard.uses[key];
  if (now - use.minute_began >= kMinute || use.recent == 0) {
    use.minute_began = now;
    use.recent = 0;
  }
  if (settings.per_address != 0 && use.open >= settings.per_address) return Refusal::address;
  if (settings.per_minute != 0 && use.recent >= settings.per_minute) return Refusal::rate;
  ++use.open;
  ++use.recent;
  return Refusal::none;
}

void ConnectionLimits::leave(const std::optional<IpAddress>& key) {
  count_.fetch_sub(1, std::memory_order_relaxed);
  if (!key) return;
  Shard& shard = shard_of(*key);
  const std::lock_guard lock(shard.mutex);
  const auto use = shard.uses.find(*key);
  if (use == shard.uses.end() || use->second.open == 0) return;
  --use->second.open;
  if (use->second.open == 0 && clock_.steady() - use->second.minute_began >= kMinute) shard.uses.erase(use);
}

std::size_t ConnectionLimits::addresses() const {
  std::size_t total = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    total += shard.uses.size();
  }
  return total;
}

ConnectionLimits::Place::Place(Place&& other) noexcept
    : limits_(std::exchange(other.limits_, nullptr)), key_(std::exchange(other.key_, std::nullopt)) {}

ConnectionLimits::Place& ConnectionLimits::Place::operator=(Place&& other) noexcept {
  if (this != &other) {
    leave();
    limits_ = std::exchange(other.limits_, nullptr);
    key_ = std::exchange(other.key_, std::nullopt);
  }
  return *this;
}

void ConnectionLimits::Place::leave() {
  if (limits_ != nullptr) std::exchange(limits_, nullptr)->leave(key_);
}

Refusal ConnectionLimits::Place::admit(const IpAddress& client) {
  const auto settings = limits_->settings();
  if (key_ || (settings->per_address == 0 && settings->per_minute == 0)) return Refusal::none;
  if (contains(settings->unlimited, client)) return Refusal::none;
  const IpAddress key = client.limit_key();
  const Refusal refusal = limits_->admit(key, *settings);
  if (refusal == Refusal::none) key_ = key;
  return refusal;
}

}  // namespace gatepost::runtime
