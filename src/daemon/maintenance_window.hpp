#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"

namespace gatepost::daemon {

// A time in which nobody but administrators is served: every protocol refuses politely, in words that make clients and
// other servers come again. It ends when it is told to, and by itself when its time is over, whatever the clock on the
// wall does meanwhile; a restart does not end it. Thread-safe.
class MaintenanceWindow {
 public:
  struct State {
    TimePoint begun{}, until{};
    std::string message;  // for people; one line of ASCII
    std::uint64_t turned_away = 0;
    bool operator==(const State&) const = default;
  };
  static constexpr std::chrono::seconds kDefault{3600}, kLongest{24 * 3600};

  // `file`: where it is kept (docs/formats/maintenance.md). What it holds of a window that goes on is taken up; what
  // cannot be read is none.
  MaintenanceWindow(std::filesystem::path file, const Clock& clock, Log& log, Metrics& metrics);

  // Takes the place of one that is open. Errc of the file when it cannot be kept; then none is open.
  Result<State> begin(std::chrono::seconds length, std::string message);
  bool end();                                 // false: there was none
  bool is_open() const { return open_now_; }  // cheap; also for some time after it should have ended
  // Nullopt: none is open. Ends one whose time is over.
  std::optional<State> now();
  // One who comes while it is open: counted, and logged at most once a second. How long it lasts yet, a second at
  // least.
  std::optional<std::chrono::seconds> turn_away(const IpAddress& client);
  // "maintenance until 2026-11-27 03:40 UTC, try again later. MESSAGE"
  std::string why() const;

 private:
  struct Open {
    State state;
    SteadyPoint ends{};
  };
  Result<> keep(const State& state) const;
  void load();
  void end_if_over() GP_REQUIRES(mutex_);
  void close(std::string_view why) GP_REQUIRES(mutex_);

  const std::filesystem::path file_;
  const Clock& clock_;
  Log& log_;
  Counter& turned_away_;
  std::atomic<bool> open_now_{false};  // asked without the lock, for each who comes
  mutable Mutex mutex_;
  std::optional<Open> open_ GP_GUARDED_BY(mutex_);
  SteadyPoint logged_ GP_GUARDED_BY(mutex_){};
};

}  // namespace gatepost::daemon
