#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"

namespace gatepost::runtime {

struct LimitSettings {                  // 0: no limit
  std::uint32_t total = 0;              // connections at one time
  std::uint32_t per_address = 0;        // at one time, counted by IpAddress::limit_key()
  std::uint32_t per_minute = 0;         // new ones of one address
  std::vector<Network> unlimited = {};  // addresses the two address limits do not count
};

enum class Refusal : std::uint8_t { none, total, address, rate };

// Counts the connections of the daemon, or of one listener. Thread-safe; outlives its places.
class ConnectionLimits {
 public:
  ConnectionLimits(LimitSettings settings, const Clock& clock);
  // New connections follow the new numbers.
  void reload(LimitSettings settings);

  // A connection's place in the count; given back when dropped.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept;
    Place& operator=(Place&& other) noexcept;
    ~Place() { leave(); }
    // Counts the connection for its client's address; once.
    Refusal admit(const IpAddress& client);

   private:
    friend class ConnectionLimits;
    explicit Place(ConnectionLimits* limits) : limits_(limits) {}
    void leave();
    ConnectionLimits* limits_ = nullptr;
    std::optional<IpAddress> key_;
  };
  // None when the total is reached.
  std::optional<Place> enter();
  std::size_t count() const { return count_.load(std::memory_order_relaxed); }
  std::size_t addresses() const;  // how many are remembered

 private:
  struct Use {
    std::uint32_t open = 0, recent = 0;
    SteadyPoint minute_began;
  };
  struct Shard {
    mutable std::mutex mutex;  // guards uses and sweep_at
    std::map<IpAddress, Use> uses;
    std::size_t sweep_at = 1024;  // size at which forgotten addresses are dropped
  };
  static constexpr std::size_t kShards = 16;

  Shard& shard_of(const IpAddress& key);
  Refusal admit(const IpAddress& key, const LimitSettings& settings);
  void leave(const std::optional<IpAddress>& key);
  std::shared_ptr<const LimitSettings> settings() const;

  const Clock& clock_;
  std::atomic<std::uint32_t> count_{0};
  mutable std::mutex settings_mutex_;              // guards settings_
  std::shared_ptr<const LimitSettings> settings_;  // shared by calls that run during a reload
  std::array<Shard, kShards> shards_;
};

}  // namespace gatepost::runtime
