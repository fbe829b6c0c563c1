#include "directory/success_cache.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gatepost::directory {
namespace {

using namespace std::chrono_literals;

class SuccessCacheTest : public testing::Test {
 protected:
  ManualClock clock;
  SystemRandom random;
  SuccessCache cache{clock, random};
};

TEST_F(SuccessCacheTest, KnowsAPasswordForItsGenerationAlone) {
  cache.remember(1, Secret("correct horse"));
  EXPECT_TRUE(cache.contains(1, Secret("correct horse")));
  EXPECT_FALSE(cache.contains(2, Secret("correct horse")));
  EXPECT_FALSE(cache.contains(1, Secret("correct hors")));
}

TEST_F(SuccessCacheTest, ForgetsAfterItsTimeHoweverOftenItWasAsked) {
  cache.remember(1, Secret("correct horse"));
  for (int i = 0; i < 9; ++i) {
    clock.advance(1min);
    EXPECT_TRUE(cache.contains(1, Secret("correct horse")));
    cache.remember(1, Secret("correct horse"));
  }
  clock.advance(61s);
  EXPECT_FALSE(cache.contains(1, Secret("correct horse")));
  EXPECT_EQ(cache.size(), 0u);
}

TEST_F(SuccessCacheTest, HoldsABoundedNumberAndDropsTheOldest) {
  for (std::size_t i = 0; i <= SuccessCache::kMaxEntries; ++i) cache.remember(i, Secret("same"));
  EXPECT_EQ(cache.size(), SuccessCache::kMaxEntries);
  EXPECT_FALSE(cache.contains(0, Secret("same")));
  EXPECT_TRUE(cache.contains(SuccessCache::kMaxEntries, Secret("same")));
}

}  // namespace
}  // namespace gatepost::directory
