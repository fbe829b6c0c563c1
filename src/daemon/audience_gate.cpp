#include "daemon/audience_gate.hpp"

#include <utility>

#include <fmt/format.h>

#include "daemon/events.hpp"

namespace gatepost::daemon {

AudienceGate::AudienceGate(config::Listener listener, config::Networks networks, const Clock& clock, Log& log,
                           Metrics& metrics)
    : listener_(std::move(listener)),
      networks_(std::move(networks)),
      clock_(clock),
      log_(log),
      refused_(metrics.counter("gatepost_connections_refused_total", fmt::format("listener=\"{}\"", listener_.name),
                               "Connections from outside a listener's audience, closed without a banner.")) {}

bool AudienceGate::admits(const IpAddress& peer) {
  if (config::admits(listener_, networks_, peer, clock_.now())) return true;
  refused(peer);
  return false;
}

void AudienceGate::refused(const IpAddress& peer) {
  refused_.add();
  std::uint64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    ++unlogged_;
    const SteadyPoint now = clock_.steady();
    if (logged_ != SteadyPoint{} && now - logged_ < std::chrono::seconds(1)) return;
    logged_ = now;
    count = std::exchange(unlogged_, 0);
  }
  log_.write(event::kRefused, {{"listener", listener_.name},
                               {"audience", config::to_string(listener_.audience)},
                               {"remote", peer.to_string()},
                               {"count", count}});
}

}  // namespace gatepost::daemon
