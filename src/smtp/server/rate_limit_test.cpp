#include "smtp/server/rate_limit.hpp"

#include <gtest/gtest.h>

namespace gatepost::smtp::server {
namespace {

using std::chrono::seconds;
constexpr seconds kMinute(60);

TEST(SmtpRateLimit, GivesTheWholeBucketAtOnceAndThenRefillsEvenly) {
  ManualClock clock;
  RateLimit<int> limit;
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(limit.take(1, 6, kMinute, clock.steady())) << i;
  EXPECT_FALSE(limit.take(1, 6, kMinute, clock.steady()));
  clock.advance(seconds(9));
  EXPECT_FALSE(limit.take(1, 6, kMinute, clock.steady()));
  clock.advance(seconds(1));
  EXPECT_TRUE(limit.take(1, 6, kMinute, clock.steady()));
  EXPECT_FALSE(limit.take(1, 6, kMinute, clock.steady()));
  clock.advance(seconds(600));
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(limit.take(1, 6, kMinute, clock.steady())) << i;
  EXPECT_FALSE(limit.take(1, 6, kMinute, clock.steady()));
}

TEST(SmtpRateLimit, CountsEachKeyForItself) {
  ManualClock clock;
  RateLimit<int> limit;
  EXPECT_TRUE(limit.take(1, 1, kMinute, clock.steady()));
  EXPECT_FALSE(limit.take(1, 1, kMinute, clock.steady()));
  EXPECT_TRUE(limit.take(2, 1, kMinute, clock.steady()));
}

TEST(SmtpRateLimit, DoesNotCountWhereThereIsNoLimit) {
  ManualClock clock;
  RateLimit<int> limit;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(limit.take(1, 0, kMinute, clock.steady()));
  EXPECT_EQ(limit.keys(), 0U);
}

TEST(SmtpRateLimit, StaysWithinItsMemoryAndForgetsFullBuckets) {
  ManualClock clock;
  RateLimit<int> limit;
  constexpr int kMany = 3 * static_cast<int>(RateLimit<int>::kMaxKeys);
  for (int i = 0; i < kMany; ++i) EXPECT_TRUE(limit.take(i, 1, kMinute, clock.steady()));
  EXPECT_LE(limit.keys(), RateLimit<int>::kMaxKeys);
  EXPECT_FALSE(limit.take(0, 1, kMinute, clock.steady()));
  clock.advance(seconds(61));
  EXPECT_TRUE(limit.take(kMany, 1, kMinute, clock.steady()));
  EXPECT_EQ(limit.keys(), 1U);
}

}  // namespace
}  // namespace gatepost::smtp::server
