#include "certificates/renewal.hpp"

#include <gtest/gtest.h>

#include "base/clock.hpp"

namespace gatepost::certificates {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

TEST(Renewal, IsDueInTheLastThirdAndALittleEarlier) {
  const TimePoint from = ManualClock().now();
  const TimePoint until = from + days(90);
  EXPECT_EQ(renewal_time(from, until, {}), from + days(60));
  EXPECT_EQ(renewal_time(from, until, {.share = 1}), from + days(60) - hours(90 * 24) / 20);
  EXPECT_EQ(renewal_time(from, from, {.share = 1}), from);
}

TEST(Renewal, FollowsTheAuthoritysWindow) {
  const TimePoint from = ManualClock().now();
  State state{.share = 0.5};
  state.suggestion = Suggestion{from + days(10), from + days(12), {}, ""};
  EXPECT_EQ(renewal_time(from, from + days(90), state), from + days(11));
  // A window in the past means: at once.
  state.suggestion = Suggestion{from - days(2), from - days(1), {}, ""};
  EXPECT_LT(renewal_time(from, from + days(90), state), from);
}

TEST(Renewal, WaitsLongerAfterEachFailure) {
  EXPECT_EQ(back_off(0, 0), minutes(0));
  EXPECT_EQ(back_off(1, 0), minutes(15));
  EXPECT_EQ(back_off(3, 0), hours(2));
  EXPECT_EQ(back_off(1000, 0), hours(24));
  EXPECT_EQ(back_off(1, 1), minutes(12));
  const TimePoint now = ManualClock().now();
  State state{.retry_at = now + days(80)};
  EXPECT_EQ(next_attempt(now, now + days(90), state), now + days(80));
}

TEST(Renewal, StateGoesThroughJsonAndBack) {
  const TimePoint now = ManualClock().now();
  State state{
      .share = 0.25, .failures = 3, .retry_at = now + hours(1), .tried_at = now, .cause = "a \"b\"", .remedy = "c"};
  state.suggestion = Suggestion{now, now + hours(1), now + hours(6), "https://example.org/why"};
  const auto read = state_from_json(to_json(state));
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(*read, state);
  EXPECT_FALSE(state_from_json("[]"));
  EXPECT_FALSE(state_from_json("{"));
  EXPECT_EQ(state_from_json(R"({"share":7,"failures":-1,"cause":5})")->share, 1.0);
}

}  // namespace
}  // namespace gatepost::certificates
