#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "traffic/distinct.hpp"
#include "traffic/hour.hpp"

namespace gatepost::store {
class KeyValue;
}

namespace gatepost::traffic {

// Half a year of hours: some hundred kilobytes.
inline constexpr std::size_t kMaxHours = std::size_t{26} * 7 * 24;

// Counters as they stand: they only grow while a process runs.
struct Totals {
  std::uint64_t sessions = 0, failed = 0, messages_in = 0, messages_out = 0;
};

// What is looked at once a minute.
struct Sample {
  std::array<Totals, kServices> totals{};                  // since the start
  std::vector<std::pair<Service, std::uint64_t>> present;  // who is signed in, once for each service
  std::uint64_t queue = 0;
  bool backup = false;  // one is being made
};

// Keeps the hours in the store. What a killed process loses is what it saw since the last tick(). The clock may jump:
// what was counted goes to the hour the clock shows, and an hour that comes twice is one.
class Recorder {
 public:
  // Goes on with the hour that a former process was in. `keys` and `clock` are borrowed for life.
  static Result<std::unique_ptr<Recorder>> open(store::KeyValue& keys, const Clock& clock);

  // Somebody signed in. Thread-safe; never waits for the disk.
  void seen(Service service, std::uint64_t who);
  // Blocks; one thread at a time. After an error nothing is lost: the next tick writes it.
  Result<> tick(const Sample& sample);

 private:
  Recorder(store::KeyValue& keys, const Clock& clock) : keys_(keys), clock_(clock), ticked_(clock.steady()) {}
  Result<> load();
  Result<> begin_hour(Hour hour) GP_REQUIRES(mutex_);
  void count(const Sample& sample) GP_REQUIRES(mutex_);
  Result<> write(const std::vector<HourRecord>& records, const std::string& sketches);
  std::string encode_sketches() GP_REQUIRES(mutex_);

  store::KeyValue& keys_;
  const Clock& clock_;
  SteadyPoint ticked_;  // ticking thread only, like the next three
  std::array<Totals, kServices> last_{};
  std::vector<Hour> kept_;           // in order
  std::deque<HourRecord> finished_;  // not written yet
  Mutex mutex_;
  HourRecord current_ GP_GUARDED_BY(mutex_);
  std::array<std::uint64_t, kServices> users_before_ GP_GUARDED_BY(mutex_){};  // of an hour that comes again
  std::array<Distinct, kServices> people_ GP_GUARDED_BY(mutex_);
};

// Every hour there is, oldest first. What cannot be read is left out. Blocks.
Result<std::vector<HourRecord>> history(store::KeyValue& keys);

}  // namespace gatepost::traffic
