#include "gate/watch/event_ring.hpp"

#include <algorithm>
#include <cstring>

#include "base/result.hpp"

namespace gatepost::gate::watch {

namespace {

constexpr std::uint32_t kAnyPort = 65536;
constexpr double kMinute = 60, kHour = 3600;
constexpr std::size_t kMaxTextOctets = 128;
constexpr std::string_view kTooManyTexts = "(more names than are kept)";
enum Kind : std::uint8_t { kUnused, kSourceOnly, kPort, kBoth };

std::uint64_t mix(std::uint64_t x) {  // the finalizer of splitmix64
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

}  // namespace

EventRing::EventRing(Limits limits, const Clock& clock, std::uint64_t seed)
    : clock_(clock),
      seed_(seed),
      start_(clock.steady()),
      max_texts_(std::clamp<std::size_t>(limits.texts, 2, UINT16_MAX)),
      slots_(std::max<std::size_t>(limits.events, 1)),
      counters_((limits.rates + kWays - 1) / kWays * kWays + (limits.rates == 0 ? kWays : 0)),
      texts_{"", std::string(kTooManyTexts)},
      text_numbers_{{"", 0}},
      last_wall_(clock.now()),
      last_steady_(clock.steady()) {}

double EventRing::seconds_since_start() const {
  return std::chrono::duration<double>(clock_.steady() - start_).count();
}

std::uint16_t EventRing::keep(std::string_view text) {
  text = text.substr(0, kMaxTextOctets);
  if (const auto known = text_numbers_.find(text); known != text_numbers_.end()) return known->second;
  if (texts_.size() >= max_texts_) return 1;
  const auto number = static_cast<std::uint16_t>(texts_.size());
  texts_.emplace_back(text);
  text_numbers_.emplace(text, number);
  return number;
}

std::size_t EventRing::bucket(const Key& key) const {
  std::uint64_t high = 0, low = 0;
  std::memcpy(&high, key.source.octets.data(), 8);
  std::memcpy(&low, key.source.octets.data() + 8, 8);
  std::uint64_t hash = mix(seed_ ^ high);
  hash = mix(hash ^ low);
  hash = mix(hash ^ (static_cast<std::uint64_t>(key.port) << 8 | key.kind));
  return hash % (counters_.size() / kWays) * kWays;
}

void EventRing::count(const Key& key, bool denied, double seconds) {
  Counter* const begin = counters_.data() + bucket(key);
  Counter* const end = begin + kWays;
  Counter* place = std::find_if(begin, end, [&](const Counter& counter) { return counter.key == key; });
  if (place == end) {
    const auto weight = [&](const Counter& counter) {
      return counter.key.kind == kUnused ? 0U : 1U + rate_of(counter, seconds).last_hour;
    };
    place = std::min_element(begin, end, [&](const Counter& a, const Counter& b) { return weight(a) < weight(b); });
    *place = Counter{.key = key, .minute = {}, .hour = {}, .denied_minute = {}, .denied_hour = {}};
  }
  place->minute.add(seconds, kMinute);
  place->hour.add(seconds, kHour);
  if (!denied) return;
  place->denied_minute.add(seconds, kMinute);
  place->denied_hour.add(seconds, kHour);
}

EventRate EventRing::rate_of(const Counter& counter, double seconds) const {
  return {counter.minute.estimate(seconds, kMinute), counter.hour.estimate(seconds, kHour),
          counter.denied_minute.estimate(seconds, kMinute), counter.denied_hour.estimate(seconds, kHour)};
}

void EventRing::watch_clock() {
  constexpr std::chrono::seconds kJump{2};
  const TimePoint wall = clock_.now();
  const SteadyPoint steady = clock_.steady();
  const auto off = std::chrono::duration_cast<std::chrono::microseconds>(wall - last_wall_) -
                   std::chrono::duration_cast<std::chrono::microseconds>(steady - last_steady_);
  if (off > kJump || off < -kJump) ++totals_.clock_jumps;
  last_wall_ = wall;
  last_steady_ = steady;
}

void EventRing::add(const log::LogEvent& event) {
  const Lock lock(mutex_);
  watch_clock();
  Slot& slot = slots_[totals_.events % slots_.size()];
  slot.number = ++totals_.events;
  slot.arrived = last_wall_;
  slot.event = event;
  slot.texts = {keep(event.in_interface), keep(event.out_interface), keep(event.rule), keep(event.reason)};
  slot.event.in_interface = slot.event.out_interface = slot.event.rule = slot.event.reason = {};
  slot.event.connection = {};
  totals_.kept = std::min<std::size_t>(totals_.events, slots_.size());

  const double seconds = seconds_since_start();
  const bool denied = event.verdict == log::Verdict::deny;
  const IpAddress source = event.source.ip.limit_key();
  if (event.source.known) count({source, kAnyPort, kSourceOnly}, denied, seconds);
  if (!event.destination_port) return;
  count({{}, *event.destination_port, kPort}, denied, seconds);
  if (event.source.known) count({source, *event.destination_port, kBoth}, denied, seconds);
}

void EventRing::add_gap() {
  const Lock lock(mutex_);
  ++totals_.gaps;
}

KeptEvent EventRing::make(const Slot& slot) const {
  const log::LogEvent& from = slot.event;
  KeptEvent out;
  out.number = slot.number;
  out.arrived = slot.arrived;
  out.time = from.time;
  out.verdict = from.verdict;
  out.how = from.how;
  out.direction = from.direction;
  out.protocol = from.protocol;
  out.source = from.source;
  out.destination = from.destination;
  out.source_port = from.source_port;
  out.destination_port = from.destination_port;
  out.tcp_flags = from.tcp_flags;
  out.in_interface = texts_[slot.texts[0]];
  out.out_interface = texts_[slot.texts[1]];
  out.rule = texts_[slot.texts[2]];
  out.reason = texts_[slot.texts[3]];
  return out;
}

std::vector<KeptEvent> EventRing::find(const EventFilter& filter) const {
  std::vector<KeptEvent> found;
  const Lock lock(mutex_);
  // All of them: logs that come together are not in one order of time.
  for (std::size_t back = 0; back < totals_.kept && found.size() < filter.most; ++back) {
    const Slot& slot = slots_[(totals_.events - 1 - back) % slots_.size()];
    const log::LogEvent& event = slot.event;
    const TimePoint when = event.time.known ? event.time.at : slot.arrived;
    if (filter.source && !(event.source.known && filter.source->contains(event.source.ip))) continue;
    if (filter.port && event.destination_port != filter.port) continue;
    if (filter.verdict && event.verdict != *filter.verdict) continue;
    if ((filter.since && when < *filter.since) || (filter.until && when > *filter.until)) continue;
    found.push_back(make(slot));
  }
  return found;
}

EventRate EventRing::rate(const Key& key) const {
  const Lock lock(mutex_);
  const auto begin = counters_.begin() + static_cast<std::ptrdiff_t>(bucket(key));
  const auto place = std::find_if(begin, begin + kWays, [&](const Counter& counter) { return counter.key == key; });
  return place == begin + kWays ? EventRate{} : rate_of(*place, seconds_since_start());
}

EventRate EventRing::rate(const IpAddress& source) const {
  return rate(Key{source.limit_key(), kAnyPort, kSourceOnly});
}
EventRate EventRing::rate(std::uint16_t port) const { return rate(Key{{}, port, kPort}); }
EventRate EventRing::rate(const IpAddress& source, std::uint16_t port) const {
  return rate(Key{source.limit_key(), port, kBoth});
}

std::vector<BusySource> EventRing::busiest(std::size_t most) const {
  std::vector<BusySource> all;
  {
    const Lock lock(mutex_);
    const double seconds = seconds_since_start();
    for (const Counter& counter : counters_) {
      if (counter.key.kind != kSourceOnly) continue;
      const EventRate rate = rate_of(counter, seconds);
      if (rate.denied_last_hour != 0) all.push_back({counter.key.source, rate});
    }
  }
  std::ranges::sort(all, [](const BusySource& a, const BusySource& b) {
    return std::pair(b.rate.denied_last_hour, a.source) < std::pair(a.rate.denied_last_hour, b.source);
  });
  if (all.size() > most) all.resize(most);
  return all;
}

EventRing::Totals EventRing::totals() const {
  const Lock lock(mutex_);
  return totals_;
}

}  // namespace gatepost::gate::watch
