#include "base/random.hpp"

#include <gtest/gtest.h>

#include <set>

namespace gatepost {
namespace {

TEST(Random, SeededRepeats) {
  SeededRandom a(1), b(1), c(2);
  const std::string first = a.hex(16);
  EXPECT_EQ(first, b.hex(16));
  EXPECT_NE(first, c.hex(16));
  EXPECT_NE(first, a.hex(16));
  EXPECT_EQ(first.size(), 32u);
}

TEST(Random, TokenHasNoLettersThatLookAlike) {
  SystemRandom random;
  const std::string token = random.token(5000);
  EXPECT_EQ(token.size(), 5000u);
  EXPECT_EQ(token.find_first_of("0O1lI"), std::string::npos);
  EXPECT_GT(std::set<char>(token.begin(), token.end()).size(), 50u);
}

TEST(Random, SystemFillsAnyLength) {
  SystemRandom random;
  EXPECT_EQ(random.hex(0), "");
  EXPECT_EQ(random.hex(1000).size(), 2000u);
  EXPECT_NE(random.u64(), random.u64());
}

}  // namespace
}  // namespace gatepost
