#include "daemon/succession.hpp"

#include <gtest/gtest.h>

namespace gatepost::daemon {
namespace {

TEST(Succession, EachSideHearsWhatTheOtherSays) {
  auto ends = *make_succession_channel();
  EXPECT_EQ(drained_before(ends.second.get()), std::nullopt);
  EXPECT_EQ(look_at_heir(ends.first.get()), Heir::working);
  tell_drained(ends.first.get(), {.told = 12, .cut = 1, .took = std::chrono::milliseconds(340)});
  const auto facts = drained_before(ends.second.get());
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->told, 12u);
  EXPECT_EQ(facts->cut, 1u);
  EXPECT_EQ(facts->took, std::chrono::milliseconds(340));
  tell_serving(ends.second.get());
  EXPECT_EQ(look_at_heir(ends.first.get()), Heir::serves);
}

TEST(Succession, TheOldProcessKnowsWhenTheNewOneIsGone) {
  auto ends = *make_succession_channel();
  ends.second.reset();
  EXPECT_EQ(look_at_heir(ends.first.get()), Heir::gone);
  tell_drained(ends.first.get(), {});  // harmless
}

TEST(Succession, TheNewProcessDoesNotWaitForOneThatIsGone) {
  auto ends = *make_succession_channel();
  ends.first.reset();
  EXPECT_EQ(drained_before(ends.second.get()), std::nullopt);
  tell_serving(ends.second.get());
}

}  // namespace
}  // namespace gatepost::daemon
