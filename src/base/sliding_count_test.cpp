#include "base/sliding_count.hpp"

#include <gtest/gtest.h>

namespace gatepost {
namespace {

TEST(SlidingCount, TheWindowBeforeCountsByItsShare) {
  SlidingCount count;
  EXPECT_EQ(count.estimate(0, 60), 0U);
  for (int i = 0; i < 10; ++i) count.add(30, 60);
  EXPECT_EQ(count.estimate(59, 60), 10U);
  EXPECT_EQ(count.estimate(75, 60), 8U);  // three quarters of it, rounded
  count.add(90, 60);
  EXPECT_EQ(count.estimate(90, 60), 6U);
  EXPECT_EQ(count.estimate(150, 60), 1U);
  EXPECT_EQ(count.estimate(240, 60), 0U);
}

TEST(SlidingCount, ASkippedWindowIsForgotten) {
  SlidingCount count;
  for (int i = 0; i < 10; ++i) count.add(30, 60);
  count.add(150, 60);
  EXPECT_EQ(count.estimate(150, 60), 1U);
}

}  // namespace
}  // namespace gatepost
