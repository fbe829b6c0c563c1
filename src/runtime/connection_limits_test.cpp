#include "runtime/connection_limits.hpp"

#include <gtest/gtest.h>

namespace gatepost::runtime {
namespace {

using namespace std::chrono_literals;

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

TEST(ConnectionLimits, RefusesBeyondTheTotalAndAdmitsAgainAfterALeave) {
  ManualClock clock;
  ConnectionLimits limits({.total = 2}, clock);
  auto one = limits.enter();
  auto two = limits.enter();
  ASSERT_TRUE(one && two);
  EXPECT_FALSE(limits.enter());
  one.reset();
  EXPECT_TRUE(limits.enter());
  EXPECT_EQ(limits.count(), 1U);
}

TEST(ConnectionLimits, CountsAnIpv6NetworkAsOneAddress) {
  ManualClock clock;
  ConnectionLimits limits({.per_address = 1}, clock);
  auto one = limits.enter();
  auto two = limits.enter();
  EXPECT_EQ(one->admit(ip("2001:db8:1:2::1")), Refusal::none);
  EXPECT_EQ(two->admit(ip("2001:db8:1:2::ffff")), Refusal::address);
  EXPECT_EQ(two->admit(ip("2001:db8:1:3::1")), Refusal::none);
}

TEST(ConnectionLimits, CountsNewConnectionsPerMinute) {
  ManualClock clock;
  ConnectionLimits limits({.per_minute = 2}, clock);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(limits.enter()->admit(ip("192.0.2.1")), Refusal::none);
  EXPECT_EQ(limits.enter()->admit(ip("192.0.2.1")), Refusal::rate);
  EXPECT_EQ(limits.enter()->admit(ip("192.0.2.2")), Refusal::none);
  clock.advance(60s);
  EXPECT_EQ(limits.enter()->admit(ip("192.0.2.1")), Refusal::none);
}

TEST(ConnectionLimits, DoesNotCountUnlimitedNetworks) {
  ManualClock clock;
  ConnectionLimits limits({.per_address = 1, .unlimited = {*Network::parse("127.0.0.0/8")}}, clock);
  auto one = limits.enter();
  auto two = limits.enter();
  EXPECT_EQ(one->admit(ip("127.0.0.1")), Refusal::none);
  EXPECT_EQ(two->admit(ip("127.0.0.1")), Refusal::none);
}

TEST(ConnectionLimits, ForgetsAddressesThatAreGone) {
  ManualClock clock;
  ConnectionLimits limits({.per_address = 10}, clock);
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    limits.enter()->admit(IpAddress::v4(0x0a000000U + i));
    clock.advance(100ms);
  }
  EXPECT_LT(limits.addresses(), 40'000U);
}

TEST(ConnectionLimits, FollowsNewNumbersAfterAReload) {
  ManualClock clock;
  ConnectionLimits limits({.total = 1}, clock);
  auto one = limits.enter();
  EXPECT_FALSE(limits.enter());
  limits.reload({.total = 2});
  EXPECT_TRUE(limits.enter());
}

}  // namespace
}  // namespace gatepost::runtime
