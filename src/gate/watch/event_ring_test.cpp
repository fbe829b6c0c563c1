#include "gate/watch/event_ring.hpp"

#include <thread>

#include <gmock/gmock.h>

#include "gate/log/reader.hpp"

namespace gatepost::gate::watch {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Wall time that can be set apart from steady time.
class JumpyClock final : public Clock {
 public:
  TimePoint now() const override { return wall; }
  SteadyPoint steady() const override { return steady_; }
  void advance(std::chrono::microseconds by) {
    wall += by;
    steady_ += by;
  }
  TimePoint wall{std::chrono::seconds(1'794'000'000)};

 private:
  SteadyPoint steady_{std::chrono::hours(50)};
};

log::LogEvent event_of(const std::string& source, std::uint16_t port, log::Verdict verdict = log::Verdict::deny) {
  log::LogEvent event;
  event.source.ip = *IpAddress::parse(source);
  event.source.known = true;
  event.destination.ip = *IpAddress::parse("198.51.100.25");
  event.destination.known = true;
  event.destination_port = port;
  event.verdict = verdict;
  event.rule = "gatepost:imaps";
  return event;
}

TEST(EventRing, KeepsTheNewestAndFindsThemBySourcePortAndTime) {
  JumpyClock clock;
  EventRing ring({.events = 4, .rates = 64, .texts = 16}, clock, 1);
  for (std::uint16_t port = 1; port <= 6; ++port) {
    log::LogEvent event = event_of(port % 2 == 0 ? "192.0.2.2" : "192.0.2.1", port);
    event.time = {.at = clock.wall, .known = true};
    ring.add(event);
    clock.advance(seconds(10));
  }
  const auto all = ring.find({});
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all.front().destination_port, 6);
  EXPECT_EQ(all.back().destination_port, 3);
  EXPECT_EQ(all.front().rule, "gatepost:imaps");
  EXPECT_EQ(ring.find({.source = Network::parse("192.0.2.2")}).size(), 2U);
  EXPECT_EQ(ring.find({.port = 5}).size(), 1U);
  EXPECT_EQ(ring.find({.port = 1}).size(), 0U);
  EXPECT_EQ(ring.find({.since = clock.wall - seconds(25)}).size(), 2U);
  EXPECT_EQ(ring.find({.until = clock.wall - seconds(25)}).size(), 2U);
  EXPECT_EQ(ring.find({.most = 1}).size(), 1U);
  EXPECT_EQ(ring.find({.verdict = log::Verdict::allow}).size(), 0U);
  EXPECT_EQ(ring.totals().events, 6U);
  EXPECT_EQ(ring.totals().kept, 4U);
}

TEST(EventRing, CountsBySourcePortAndBoth) {
  JumpyClock clock;
  EventRing ring({}, clock, 1);
  for (int i = 0; i < 30; ++i) {
    ring.add(event_of("192.0.2.1", 993));
    ring.add(event_of("192.0.2.1", 25, log::Verdict::allow));
    ring.add(event_of("2001:db8::" + std::to_string(i + 1), 993));
  }
  EXPECT_EQ(ring.rate(*IpAddress::parse("192.0.2.1")), (EventRate{60, 60, 30, 30}));
  EXPECT_EQ(ring.rate(*IpAddress::parse("192.0.2.1"), 993), (EventRate{30, 30, 30, 30}));
  EXPECT_EQ(ring.rate(993), (EventRate{60, 60, 60, 60}));
  EXPECT_EQ(ring.rate(*IpAddress::parse("2001:db8::abcd")), (EventRate{30, 30, 30, 30}));  // one /64
  EXPECT_EQ(ring.rate(*IpAddress::parse("192.0.2.9")), EventRate{});
  const auto busiest = ring.busiest(1);
  ASSERT_EQ(busiest.size(), 1U);
  EXPECT_EQ(busiest[0].rate.denied_last_hour, 30U);
}

TEST(EventRing, RatesFadeWithTheirWindow) {
  JumpyClock clock;
  EventRing ring({}, clock, 1);
  for (int i = 0; i < 100; ++i) ring.add(event_of("192.0.2.1", 25));
  const IpAddress source = *IpAddress::parse("192.0.2.1");
  clock.advance(seconds(90));
  EXPECT_EQ(ring.rate(source).last_minute, 50U);
  EXPECT_EQ(ring.rate(source).last_hour, 100U);
  clock.advance(seconds(60));
  EXPECT_EQ(ring.rate(source).last_minute, 0U);
  clock.advance(minutes(120));
  EXPECT_EQ(ring.rate(source).last_hour, 0U);
}

TEST(EventRing, AJumpOfTheWallClockIsNoticedAndChangesNoRate) {
  JumpyClock clock;
  EventRing ring({}, clock, 1);
  ring.add(event_of("192.0.2.1", 25));
  clock.wall += std::chrono::hours(24 * 365);
  ring.add(event_of("192.0.2.1", 25));
  clock.wall -= std::chrono::hours(24 * 365 * 2);
  ring.add(event_of("192.0.2.1", 25));
  clock.advance(seconds(1));
  ring.add(event_of("192.0.2.1", 25));
  EXPECT_EQ(ring.rate(25).last_minute, 4U);
  EXPECT_EQ(ring.totals().clock_jumps, 2U);
  EXPECT_EQ(ring.find({.since = clock.wall - seconds(5), .until = clock.wall}).size(), 2U);
  EXPECT_EQ(ring.find({}).size(), 4U);
}

TEST(EventRing, AFloodOfSourcesDoesNotPushOutTheLoudOnes) {
  JumpyClock clock;
  EventRing ring({.events = 100, .rates = 1024, .texts = 16}, clock, 42);
  const IpAddress loud = *IpAddress::parse("192.0.2.1");
  for (int i = 0; i < 1000; ++i) ring.add(event_of("192.0.2.1", 993));
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    log::LogEvent event = event_of("192.0.2.2", 993);
    event.source.ip = IpAddress::v4(0x0a000000 + i);
    ring.add(event);
  }
  EXPECT_EQ(ring.rate(loud).denied_last_hour, 1000U);
  EXPECT_EQ(ring.rate(993).last_hour, 101'000U);
  EXPECT_EQ(ring.busiest(1)[0].source, loud);
}

TEST(EventRing, TextsAreBounded) {
  JumpyClock clock;
  EventRing ring({.events = 100, .rates = 8, .texts = 10}, clock, 42);
  for (int i = 0; i < 100; ++i) {
    log::LogEvent event = event_of("192.0.2.1", 993);
    const std::string rule = "rule " + std::to_string(i) + std::string(1000, 'x');
    event.rule = rule;
    ring.add(event);
  }
  const auto all = ring.find({.most = 200});
  EXPECT_EQ(all.front().rule, "(more names than are kept)");
  EXPECT_EQ(all.back().rule.size(), 128U);
}

TEST(EventRing, MayBeAskedWhileItIsFilled) {
  JumpyClock clock;
  EventRing ring({.events = 64, .rates = 64, .texts = 16}, clock, 42);
  std::thread writer([&] {
    for (int i = 0; i < 20'000; ++i) ring.add(event_of("192.0.2.1", static_cast<std::uint16_t>(i)));
  });
  std::uint64_t last = 0;
  while (last < 20'000) {
    for (const KeptEvent& event : ring.find({.most = 64})) last = std::max(last, event.number);
    ring.rate(*IpAddress::parse("192.0.2.1"));
    std::this_thread::yield();
  }
  writer.join();
  EXPECT_EQ(ring.totals().events, 20'000U);
}

}  // namespace
}  // namespace gatepost::gate::watch
