#include "base/secret.hpp"

#include <gtest/gtest.h>

namespace gatepost {
namespace {

TEST(Secret, MovesAndLeavesNothingBehind) {
  for (const std::string& value : {std::string("short"), std::string(100, 'x')}) {
    Secret a(value);
    Secret b(std::move(a));
    EXPECT_TRUE(a.empty());
    EXPECT_EQ(b.reveal(), value);
    Secret c("other");
    c = std::move(b);
    EXPECT_TRUE(b.empty());
    EXPECT_EQ(c.reveal(), value);
    EXPECT_EQ(c.clone().reveal(), value);
  }
}

TEST(Secret, ComparesWholeValues) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abcd"));
}

}  // namespace
}  // namespace gatepost
