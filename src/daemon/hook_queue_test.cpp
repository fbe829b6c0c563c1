#include "daemon/hook_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace gatepost::daemon {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(HookQueue, WaitsUntilTheProgramHasDoneIt) {
  const ManualClock clock;
  HookQueue queue(clock);
  std::jthread program([&] {
    const auto job = queue.next(60s, {});
    GP_ASSERT(job && job->add && job->record == "_acme-challenge.a.org" && job->value == "v");
    GP_ASSERT(queue.done(job->id, true, ""));
  });
  EXPECT_TRUE(queue.run({0, true, "_acme-challenge.a.org", "v"}, 60s, {}));
}

TEST(HookQueue, SaysWhatTheProgramSaid) {
  const ManualClock clock;
  HookQueue queue(clock);
  std::jthread program([&] {
    const auto job = queue.next(60s, {});
    queue.done(job->id, false, "no such zone");
  });
  const auto failure = queue.run({0, true, "r", "v"}, 60s, {});
  ASSERT_FALSE(failure);
  EXPECT_THAT(failure.error().cause, HasSubstr("no such zone"));
}

TEST(HookQueue, SaysThatNoProgramAsked) {
  const ManualClock clock;
  HookQueue queue(clock);
  const auto failure = queue.run({0, true, "r", "v"}, 0s, {});
  EXPECT_THAT(failure.error().cause, HasSubstr("no hook program asked"));
  EXPECT_FALSE(queue.next(0ms, {}));  // and forgets it
  EXPECT_FALSE(queue.done(1, true, ""));
  std::stop_source source;
  source.request_stop();
  EXPECT_TRUE(queue.run({0, true, "r", "v"}, 60s, source.get_token()).error().stopped);
}

TEST(HookQueue, GivesAgainWhatWasNotReportedOn) {
  ManualClock clock;
  HookQueue queue(clock);
  queue.leave({0, false, "r", "v"});
  const auto first = queue.next(0ms, {});
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->add);
  EXPECT_FALSE(queue.next(0ms, {}));
  clock.advance(HookQueue::kAgain + 1s);
  const auto again = queue.next(0ms, {});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->id, first->id);
  EXPECT_TRUE(queue.done(again->id, false, "later"));
  EXPECT_FALSE(queue.next(0ms, {}));
}

TEST(HookQueue, IsBounded) {
  ManualClock clock;
  HookQueue queue(clock);
  for (int i = 0; i < 5000; ++i) queue.leave({0, false, "r", "v"});
  int given = 0;
  while (queue.next(0ms, {})) ++given;
  EXPECT_LE(given, 1000);
}

}  // namespace
}  // namespace gatepost::daemon
