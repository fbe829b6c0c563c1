#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "config/listeners.hpp"

namespace gatepost::daemon {

// The daemon's own gate: who may connect to a listener at all. Refusals are counted, and logged at most once a second.
// Thread-safe; immutable but for that count: a reload makes a new one.
class AudienceGate {
 public:
  AudienceGate(config::Listener listener, config::Networks networks, const Clock& clock, Log& log, Metrics& metrics);
  bool admits(const IpAddress& peer);

 private:
  void refused(const IpAddress& peer);
  const config::Listener listener_;
  const config::Networks networks_;
  const Clock& clock_;
  Log& log_;
  Counter& refused_;
  std::mutex mutex_;  // guards the two below
  SteadyPoint logged_{};
  std::uint64_t unlogged_ = 0;
};

}  // namespace gatepost::daemon
