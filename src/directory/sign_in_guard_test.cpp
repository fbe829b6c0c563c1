#include "directory/sign_in_guard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace gatepost::directory {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::SizeIs;

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

class Guard : public testing::Test {
 protected:
  static SignInLimits limits() {
    SignInLimits l;
    l.distinct_failures = 3;
    l.address_failures = 8;
    return l;
  }
  void fail(const IpAddress& from, std::string_view name, int first, int count) {
    for (int i = 0; i < count; ++i) guard.failed(from, name, static_cast<std::uint64_t>(first + i));
  }

  ManualClock clock;
  SignInGuard guard{limits(), clock};
  const IpAddress here = ip("192.0.2.1"), there = ip("192.0.2.2");
};

TEST_F(Guard, BansThePairOfAddressAndNameAfterDistinctWrongPasswords) {
  EXPECT_EQ(guard.failed(here, "anna", 1).distinct, 1u);
  EXPECT_EQ(guard.failed(here, "anna", 2).distinct, 2u);
  EXPECT_FALSE(guard.banned(here, "anna"));
  const auto third = guard.failed(here, "anna", 3);
  ASSERT_THAT(third.bans, SizeIs(1));
  EXPECT_EQ(third.bans[0].name, "anna");
  EXPECT_EQ(third.bans[0].until, clock.now() + 900s);
  EXPECT_EQ(third.bans[0].reason, "3 distinct wrong passwords");
  EXPECT_TRUE(guard.banned(here, "anna"));
  EXPECT_FALSE(guard.banned(here, "ben"));
  EXPECT_FALSE(guard.banned(there, "anna"));
}

TEST_F(Guard, CountsTheSameWrongPasswordOnce) {
  for (int i = 0; i < 100; ++i) EXPECT_EQ(guard.failed(here, "anna", 7).distinct, 1u);
  EXPECT_FALSE(guard.banned(here, "anna"));
}

TEST_F(Guard, ForgetsFailuresAfterTheWindowAndBansAfterTheirTime) {
  fail(here, "anna", 1, 2);
  clock.advance(601s);
  EXPECT_EQ(guard.failed(here, "anna", 3).distinct, 1u);
  fail(here, "anna", 4, 2);
  EXPECT_TRUE(guard.banned(here, "anna"));
  clock.advance(899s);
  EXPECT_TRUE(guard.banned(here, "anna"));
  clock.advance(2s);
  EXPECT_FALSE(guard.banned(here, "anna"));
  EXPECT_THAT(guard.bans(), IsEmpty());
  EXPECT_EQ(guard.failed(here, "anna", 4).distinct, 1u) << "starts from nothing";
}

TEST_F(Guard, ForgetsThePairsFailuresAfterASuccessButNotTheAddresss) {
  fail(here, "anna", 1, 2);
  guard.succeeded(here, "anna");
  EXPECT_EQ(guard.failed(here, "anna", 3).distinct, 1u);
  for (int i = 0; i < 4; ++i) fail(here, "name" + std::to_string(i), 10 + i, 1);
  guard.succeeded(here, "anna");
  EXPECT_EQ(guard.failed(here, "other", 20).bans.size(), 1u) << "the eighth from this address";
}

TEST_F(Guard, BansAnAddressThatFailsOverManyAccounts) {
  for (int i = 0; i < 8; ++i) fail(here, "name" + std::to_string(i), i, 1);
  const auto ban = guard.banned(here, "anybody");
  ASSERT_TRUE(ban);
  EXPECT_EQ(ban->name, "");
  EXPECT_EQ(ban->reason, "8 failures over all accounts");
  EXPECT_FALSE(guard.banned(there, "anybody"));
}

TEST_F(Guard, TakesAnIpv6NetworkForOneAddress) {
  fail(ip("2001:db8::1"), "anna", 1, 1);
  fail(ip("2001:db8::2"), "anna", 2, 1);
  fail(ip("2001:db8::ffff:0:0:3"), "anna", 3, 1);
  EXPECT_TRUE(guard.banned(ip("2001:db8::77"), "anna"));
  EXPECT_FALSE(guard.banned(ip("2001:db8:0:1::1"), "anna"));
  EXPECT_EQ(guard.lift(ip("2001:db8::5")), 1u);
  EXPECT_FALSE(guard.banned(ip("2001:db8::77"), "anna"));
}

TEST_F(Guard, NeverBansTheAllowList) {
  fail(here, "anna", 1, 3);
  ASSERT_TRUE(guard.banned(here, "anna"));
  auto more = limits();
  more.never_banned = {*Network::parse("192.0.2.0/24")};
  guard.set_limits(more);
  EXPECT_FALSE(guard.banned(here, "anna"));
  EXPECT_THAT(guard.bans(), IsEmpty());
  fail(there, "anna", 1, 50);
  EXPECT_FALSE(guard.banned(there, "anna"));
  guard.set_limits(limits());
  EXPECT_FALSE(guard.banned(there, "anna")) << "was not counted";
}

TEST_F(Guard, LiftsBansAndForgetsFailures) {
  fail(here, "anna", 1, 3);
  fail(here, "ben", 1, 3);
  fail(here, "cleo", 1, 1);
  fail(there, "anna", 1, 3);
  EXPECT_THAT(guard.bans(), SizeIs(3));
  EXPECT_EQ(guard.lift(here), 2u);
  EXPECT_EQ(guard.lift(here), 0u);
  EXPECT_FALSE(guard.banned(here, "anna"));
  EXPECT_TRUE(guard.banned(there, "anna"));
  EXPECT_EQ(guard.failed(here, "cleo", 2).distinct, 1u);
}

TEST_F(Guard, TakesZeroForNoLimit) {
  guard.set_limits({.distinct_failures = 0, .address_failures = 0});
  fail(here, "anna", 1, 20'000);
  EXPECT_FALSE(guard.banned(here, "anna"));
}

TEST_F(Guard, HoldsItsMemoryWhateverComes) {
  for (std::uint32_t i = 0; i < 60'000; ++i) {
    guard.failed(IpAddress::v4(0x0a000000 + i), "name" + std::to_string(i), i);
    ASSERT_LE(guard.counted(), SignInGuard::kMaxCounted);
  }
  EXPECT_EQ(guard.counted(), SignInGuard::kMaxCounted);
  clock.advance(601s);
  guard.failed(here, "anna", 1);
  EXPECT_EQ(guard.counted(), 2u);
  guard.set_limits({.distinct_failures = 1, .address_failures = 0});
  for (std::uint32_t i = 0; i < 51'000; ++i) {
    guard.failed(IpAddress::v4(0x0a000000 + i), "n", 1);
    if (i == 0) clock.advance(1s);
  }
  EXPECT_EQ(guard.ban_count(), SignInGuard::kMaxBans);
  EXPECT_FALSE(guard.banned(IpAddress::v4(0x0a000000), "n")) << "the one that would have ended first";
  EXPECT_TRUE(guard.banned(IpAddress::v4(0x0a000000 + 50'999), "n"));
}

TEST_F(Guard, ServesManyThreadsAtOnce) {
  std::vector<std::jthread> threads;
  for (std::uint32_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint32_t i = 0; i < 2000; ++i) {
        const IpAddress from = IpAddress::v4(0x0a000000 + i % 7);
        guard.failed(from, "anna", t * 10'000 + i);
        (void)guard.banned(from, "anna");
        if (i % 50 == 0) guard.lift(from);
        if (i % 70 == 0) guard.succeeded(from, "anna");
        if (i % 90 == 0) (void)guard.bans();
      }
    });
  }
}

}  // namespace
}  // namespace gatepost::directory
