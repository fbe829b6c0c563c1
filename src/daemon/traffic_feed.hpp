#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/metrics.hpp"
#include "directory/door.hpp"
#include "mailflow/queue.hpp"
#include "traffic/recorder.hpp"

namespace gatepost::daemon {

// Tells the traffic recorder what it counts: from the counters that monitoring has anyway, so that serving costs
// nothing more, and from the door. Outlived by what it is given.
class TrafficFeed {
 public:
  TrafficFeed(traffic::Recorder& recorder, Metrics& metrics, directory::Door& door, mailflow::Queue& queue);

  // Counts connections that were greeted, for a listener of this service.
  static Counter& sessions(Metrics& metrics, std::string_view service);
  // While a backup is made; may be nested.
  void backup_begins() { ++backups_; }
  void backup_ends() { --backups_; }

  Result<> tick();  // once a minute; blocks

 private:
  struct Counters {
    Counter* sessions = nullptr;
    Counter* failed = nullptr;
    Counter* messages_in = nullptr;  // these two: none where the service has no messages
    Counter* messages_out = nullptr;
  };
  traffic::Recorder& recorder_;
  directory::Door& door_;
  mailflow::Queue& queue_;
  std::array<Counters, traffic::kServices> counters_;
  std::atomic<int> backups_{0};
};

}  // namespace gatepost::daemon
