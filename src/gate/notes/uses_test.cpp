#include "gate/notes/uses.hpp"

#include <gtest/gtest.h>

namespace gatepost::gate::notes {
namespace {

TEST(Uses, CountsByNetworkAndGoesOnAfterARestart) {
  ManualClock clock;
  Uses uses(clock);
  uses.opened("imaps", *IpAddress::parse("203.0.113.9"));
  uses.opened("imaps", *IpAddress::parse("203.0.113.200"));
  clock.advance(std::chrono::hours(1));
  uses.opened("imaps", *IpAddress::parse("2001:db8:1:2:3::4"));
  uses.opened("smtp", *IpAddress::parse("192.0.2.1"));
  const auto all = uses.all();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].connections, 3U);
  ASSERT_EQ(all[0].uses.size(), 2U);
  EXPECT_EQ(all[0].uses[0].network.to_string(), "203.0.113.0/24");
  EXPECT_EQ(all[0].uses[0].connections, 2U);
  EXPECT_EQ(all[0].uses[1].network.to_string(), "2001:db8:1:2::/64");
  const auto kept = uses_from_json(to_json(all));
  ASSERT_TRUE(kept);
  EXPECT_EQ(*kept, all);
  Uses again(clock);
  again.restore(*kept);
  again.opened("imaps", *IpAddress::parse("203.0.113.9"));
  EXPECT_EQ(again.all()[0].uses[0].connections, 3U);
  EXPECT_FALSE(uses_from_json("{}"));
}

TEST(Uses, SaysWhenThereAreMoreNetworksThanItKeeps) {
  ManualClock clock;
  Uses uses(clock);
  for (std::uint32_t i = 0; i < 1'000; ++i) uses.opened("smtp", IpAddress::v4(i << 8));
  for (int i = 0; i < 1'000; ++i) uses.opened("listener" + std::to_string(i), IpAddress::v4(1));
  const auto all = uses.all();
  EXPECT_EQ(all.size(), Uses::kListeners);
  const auto smtp = std::ranges::find(all, "smtp", &Uses::OfListener::listener);
  EXPECT_TRUE(smtp->more);
  EXPECT_EQ(smtp->uses.size(), Uses::kNetworks);
  EXPECT_EQ(smtp->connections, 1'000U);
}

}  // namespace
}  // namespace gatepost::gate::notes
