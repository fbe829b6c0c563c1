#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/sliding_count.hpp"
#include "gate/log/event.hpp"

namespace gatepost::gate::watch {

// A firewall event that has outlived its line.
struct KeptEvent {
  std::uint64_t number = 0;  // in the order of arrival, from 1
  TimePoint arrived;         // by our clock; the event's own time may be by another's
  log::Stamp time;
  log::Verdict verdict = log::Verdict::log;
  log::How how = log::How::unknown;
  log::Direction direction = log::Direction::unknown;
  std::optional<std::uint8_t> protocol;
  log::Address source, destination;
  std::optional<std::uint16_t> source_port, destination_port;
  std::optional<std::uint8_t> tcp_flags;
  std::string in_interface, out_interface, rule, reason;

  // When it happened as far as can be told.
  TimePoint when() const { return time.known ? time.at : arrived; }
};

struct EventFilter {
  std::optional<Network> source;
  std::optional<std::uint16_t> port;  // destination's
  std::optional<log::Verdict> verdict;
  std::optional<TimePoint> since, until;  // by KeptEvent::when()
  std::size_t most = 100;
};

struct EventRate {
  std::uint32_t last_minute = 0, last_hour = 0;
  std::uint32_t denied_last_minute = 0, denied_last_hour = 0;
  bool operator==(const EventRate&) const = default;
};

struct BusySource {
  IpAddress source;  // IPv6: the first of its /64
  EventRate rate;
};

// The last events, and how often they come from each source, at each port, and from a source at a port. Memory is fixed
// when it is made. Rates are by the steady clock at arrival: a wall clock that jumps, or a log with foreign times, does
// not change them. When more sources are seen than fit, the quietest are forgotten. Thread-safe.
class EventRing {
 public:
  struct Limits {
    std::size_t events = 32'768;
    std::size_t rates = 32'768;  // sources, ports and pairs; rounded up to a multiple of 8
    std::size_t texts = 4'096;   // different names of rules, interfaces and reasons
  };
  // `seed`: random, so that nobody can choose sources that share a place. `clock` is borrowed for life.
  EventRing(Limits limits, const Clock& clock, std::uint64_t seed);

  void add(const log::LogEvent& event);
  // Records were lost between the last event and the next.
  void add_gap();

  // The newest first.
  std::vector<KeptEvent> find(const EventFilter& filter) const;
  EventRate rate(const IpAddress& source) const;
  EventRate rate(std::uint16_t port) const;
  EventRate rate(const IpAddress& source, std::uint16_t port) const;
  // By denied events of the last hour.
  std::vector<BusySource> busiest(std::size_t most) const;

  struct Totals {
    std::uint64_t events = 0, gaps = 0, clock_jumps = 0;
    std::size_t kept = 0;
  };
  Totals totals() const;

 private:
  struct Key {
    IpAddress source;
    std::uint32_t port = 0;  // 65536: any
    std::uint8_t kind = 0;   // 0: unused place
    bool operator==(const Key&) const = default;
  };
  struct Counter {
    Key key;
    SlidingCount minute, hour, denied_minute, denied_hour;
  };
  struct Slot {
    std::uint64_t number = 0;
    TimePoint arrived;
    log::LogEvent event;  // its views are empty; the texts stand in `texts`
    std::array<std::uint16_t, 4> texts{};
  };
  static constexpr std::size_t kWays = 8;

  std::uint16_t keep(std::string_view text) GP_REQUIRES(mutex_);
  void count(const Key& key, bool denied, double seconds) GP_REQUIRES(mutex_);
  std::size_t bucket(const Key& key) const GP_REQUIRES(mutex_);
  EventRate rate(const Key& key) const GP_EXCLUDES(mutex_);
  EventRate rate_of(const Counter& counter, double seconds) const;
  double seconds_since_start() const;
  void watch_clock() GP_REQUIRES(mutex_);
  KeptEvent make(const Slot& slot) const GP_REQUIRES(mutex_);

  const Clock& clock_;
  const std::uint64_t seed_;
  const SteadyPoint start_;
  const std::size_t max_texts_;
  mutable Mutex mutex_;
  std::vector<Slot> slots_ GP_GUARDED_BY(mutex_);
  std::vector<Counter> counters_ GP_GUARDED_BY(mutex_);
  std::vector<std::string> texts_ GP_GUARDED_BY(mutex_);
  std::map<std::string, std::uint16_t, std::less<>> text_numbers_ GP_GUARDED_BY(mutex_);
  Totals totals_ GP_GUARDED_BY(mutex_);
  TimePoint last_wall_ GP_GUARDED_BY(mutex_);
  SteadyPoint last_steady_ GP_GUARDED_BY(mutex_);
};

}  // namespace gatepost::gate::watch
