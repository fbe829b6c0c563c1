#include "gate/bans/ban_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gate/bans/test_network.hpp"

namespace gatepost::gate {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

class BanListTest : public testing::Test {
 protected:
  static BanRules rules() {
    BanRules r;
    r.exempt = {{"[bans] never", {net("198.51.100.0/24"), net("2001:db8:ff::7")}}};
    return r;
  }
  // Until a ban comes of it, at most `most` times.
  std::vector<Ban> repeat(const Seen& seen, Offence what, int most = 100, std::string_view detail = {}) {
    for (int i = 0; i < most; ++i) {
      if (auto made = bans.saw(seen, what, detail); !made.empty()) return made;
    }
    return {};
  }

  ManualClock clock;
  BanList bans{rules(), clock};
  const Seen here{ip("192.0.2.1"), "smtp", 25};
};

TEST_F(BanListTest, BansWhenEnoughIsHeldAgainstAnAddress) {
  for (int i = 0; i < 3; ++i) EXPECT_THAT(bans.saw(here, Offence::foreign_protocol, "GET / HTTP/1.1"), IsEmpty());
  EXPECT_FALSE(bans.refuses(here.address));
  const auto made = bans.saw(here, Offence::foreign_protocol, "GET / HTTP/1.1");
  ASSERT_THAT(made, SizeIs(1));
  EXPECT_EQ(made[0].network, net("192.0.2.1"));
  EXPECT_EQ(made[0].cause, Cause::scanner);
  EXPECT_EQ(made[0].reason, "spoke another protocol (4 times)");
  EXPECT_EQ(made[0].until - made[0].since, 15min);
  ASSERT_THAT(made[0].evidence, SizeIs(1));
  EXPECT_EQ(made[0].evidence[0].count, 4u);
  EXPECT_EQ(made[0].evidence[0].detail, "GET / HTTP/1.1");
  EXPECT_TRUE(bans.refuses(here.address));
  EXPECT_FALSE(bans.refuses(ip("192.0.2.2")));
  EXPECT_EQ(bans.size(), 1u);
}

TEST_F(BanListTest, EndsByItselfAndTakesLongerEachTime) {
  const std::chrono::seconds lengths[] = {15min, 1h, 6h, 24h, 24h};
  for (std::uint32_t i = 0; i < 5; ++i) {
    const auto made = repeat(here, Offence::bad_commands);
    ASSERT_THAT(made, SizeIs(1));
    EXPECT_EQ(made[0].level, i + 1);
    EXPECT_EQ(made[0].until - made[0].since, lengths[i]);
    clock.advance(lengths[i] - 1s);
    EXPECT_TRUE(bans.refuses(here.address));
    clock.advance(1s);
    EXPECT_FALSE(bans.refuses(here.address));
    EXPECT_THAT(bans.bans(), IsEmpty());
  }
}

TEST_F(BanListTest, TakesAStepBackForEachCalmTime) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_THAT(repeat(here, Offence::bad_commands), SizeIs(1));
    clock.advance(24h);
  }
  clock.advance(24h);
  const auto made = repeat(here, Offence::bad_commands);
  ASSERT_THAT(made, SizeIs(1));
  EXPECT_LT(made[0].level, 4u);
  clock.advance(std::chrono::hours(24 * 10));
  EXPECT_EQ(repeat(here, Offence::bad_commands).at(0).level, 1u);
}

TEST_F(BanListTest, ForgetsWhatIsLongAgo) {
  for (int i = 0; i < 1000; ++i) {
    EXPECT_THAT(bans.saw(here, Offence::wrong_password), IsEmpty());
    clock.advance(3min);  // as often, nobody is near a ban
  }
}

TEST_F(BanListTest, NeverBansWhoIsExempt) {
  for (const char* never : {"198.51.100.9", "2001:db8:ff::7", "127.0.0.1", "127.1.2.3", "::1"}) {
    EXPECT_THAT(repeat({ip(never), "smtp", 25}, Offence::address_refused), IsEmpty()) << never;
    EXPECT_NE(bans.standing_of(ip(never)).exempt, "") << never;
    const auto added = bans.add(Network{ip(never)}, 1h, "");
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().code, Errc::denied);
  }
  const auto around = bans.add(net("198.51.100.0/24"), 1h, "");
  ASSERT_FALSE(around);
  EXPECT_THAT(around.error().detail, HasSubstr("[bans] never"));
}

TEST_F(BanListTest, BansOneAddressOfIpv6UntilASecondOneHasPart) {
  const Seen one{ip("2001:db8:1:2::1"), "imap", 143}, two{ip("2001:db8:1:2::2"), "imap", 143};
  const auto first = repeat(one, Offence::foreign_protocol);
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first[0].network, net("2001:db8:1:2::1"));
  EXPECT_FALSE(bans.refuses(two.address));
  const auto second = repeat(two, Offence::foreign_protocol, 1);
  ASSERT_THAT(second, SizeIs(1)) << "whoever moves on within his /64 has not left";
  EXPECT_EQ(second[0].network, net("2001:db8:1:2::/64"));
  EXPECT_TRUE(bans.refuses(ip("2001:db8:1:2:ffff::1")));
  EXPECT_FALSE(bans.refuses(ip("2001:db8:1:3::1")));
}

TEST_F(BanListTest, DoesNotBanA64WithAnExemptAddressInIt) {
  const Seen one{ip("2001:db8:ff::1"), "imap", 143}, two{ip("2001:db8:ff::2"), "imap", 143};
  ASSERT_THAT(repeat(one, Offence::foreign_protocol), SizeIs(1));
  const auto second = repeat(two, Offence::foreign_protocol);
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second[0].network, net("2001:db8:ff::2"));
  EXPECT_FALSE(bans.refuses(ip("2001:db8:ff::7")));
}

TEST_F(BanListTest, CountsOneAccountClosedAgainAndAgainOnce) {
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(bans.saw(here, Offence::pair_refused, "anna@example.org"), IsEmpty());
  }
  EXPECT_THAT(bans.saw(here, Offence::pair_refused, "ben@example.org"), IsEmpty());
  EXPECT_THAT(bans.saw(here, Offence::pair_refused, "carl@example.org"), IsEmpty());
  const auto made = bans.saw(here, Offence::pair_refused, "dora@example.org");
  ASSERT_THAT(made, SizeIs(1));
  EXPECT_EQ(made[0].cause, Cause::sign_in);
}

TEST_F(BanListTest, ForgivesSlips) {
  for (int day = 0; day < 20; ++day) {
    for (int i = 0; i < 40; ++i) EXPECT_THAT(bans.saw(here, Offence::wrong_password), IsEmpty());
    bans.forgive(here.address, Offence::wrong_password, 40);
  }
  EXPECT_EQ(bans.watched(), 0u);
}

TEST_F(BanListTest, NoticesWhoTriesThePortsOfSeveralServices) {
  for (const std::uint16_t port : {25, 143, 993, 110, 587}) {
    EXPECT_THAT(bans.saw({here.address, "x", port}, Offence::silent), IsEmpty());
  }
  EXPECT_GE(bans.standing_of(here.address).points, 80);
  EXPECT_THAT(bans.saw({here.address, "x", 465}, Offence::silent), SizeIs(1));
}

TEST_F(BanListTest, BansANetworkOfNeighboursWhenToldTo) {
  BanRules r = rules();
  r.neighbours = 3;
  EXPECT_THAT(bans.set_rules(r), IsEmpty());
  EXPECT_THAT(repeat({ip("192.0.2.1"), "smtp", 25}, Offence::foreign_protocol), SizeIs(1));
  EXPECT_THAT(repeat({ip("192.0.2.2"), "smtp", 25}, Offence::foreign_protocol), SizeIs(1));
  EXPECT_FALSE(bans.refuses(ip("192.0.2.200")));
  const auto made = repeat({ip("192.0.2.3"), "smtp", 25}, Offence::foreign_protocol);
  ASSERT_THAT(made, SizeIs(2));
  EXPECT_EQ(made[1].network, net("192.0.2.0/24"));
  EXPECT_TRUE(bans.refuses(ip("192.0.2.200")));
}

TEST_F(BanListTest, TakesAndLiftsAnAdministratorsBan) {
  const auto added = bans.add(net("192.0.2.0/24"), 2h, "a test\x1b[2J");
  ASSERT_TRUE(added);
  EXPECT_EQ(added->reason, "a test [2J");
  EXPECT_TRUE(bans.refuses(ip("192.0.2.77")));
  EXPECT_THAT(bans.lift(ip("192.0.2.77")), SizeIs(1));
  EXPECT_FALSE(bans.refuses(ip("192.0.2.77")));
  EXPECT_THAT(bans.lift(ip("192.0.2.77")), IsEmpty());
  EXPECT_THAT(bans.forgotten(), SizeIs(1));
  EXPECT_EQ(bans.add(net("10.0.0.0/8"), 1h, "").error().code, Errc::invalid);
  EXPECT_EQ(bans.add(net("192.0.2.1"), 0s, "").error().code, Errc::invalid);
}

TEST_F(BanListTest, EndsBansThatNewExemptionsForbid) {
  ASSERT_TRUE(bans.add(net("192.0.2.7"), 1h, ""));
  BanRules r = rules();
  r.exempt.push_back({"[bans] monitors", {net("192.0.2.7")}});
  const auto ended = bans.set_rules(r);
  ASSERT_THAT(ended, SizeIs(1));
  EXPECT_FALSE(bans.refuses(ip("192.0.2.7")));
  EXPECT_THAT(bans.standing_of(ip("192.0.2.7")).exempt, HasSubstr("[bans] monitors"));
}

TEST_F(BanListTest, TellsWhatIsKnownOfAnAddress) {
  (void)bans.saw(here, Offence::unknown_recipient, "nobody@example.org");
  Standing s = bans.standing_of(here.address);
  EXPECT_FALSE(s.ban);
  EXPECT_EQ(s.limit, 100);
  EXPECT_GT(s.points, 1);
  ASSERT_THAT(s.seen, SizeIs(1));
  EXPECT_EQ(s.seen[0].where, "smtp");
  (void)repeat(here, Offence::unknown_recipient);
  s = bans.standing_of(here.address);
  ASSERT_TRUE(s.ban);
  EXPECT_EQ(s.ban->cause, Cause::harvest);
  clock.advance(1h);
  s = bans.standing_of(here.address);
  EXPECT_FALSE(s.ban);
  ASSERT_TRUE(s.before);
}

TEST_F(BanListTest, ComesBackAfterARestart) {
  const Ban ban = repeat(here, Offence::foreign_protocol).at(0);
  clock.advance(5min);
  BanList next(rules(), clock);
  next.restore(ban);
  EXPECT_TRUE(next.refuses(here.address));
  clock.advance(10min);
  EXPECT_FALSE(next.refuses(here.address));
  EXPECT_EQ(next.standing_of(here.address).before->level, 1u) << "the next one is the second";
}

TEST_F(BanListTest, IsNotProlongedByAClockThatWasSetBack) {
  Ban ban = repeat(here, Offence::foreign_protocol).at(0);
  ban.since += std::chrono::hours(24 * 365);
  ban.until += std::chrono::hours(24 * 365);
  BanList next(rules(), clock);
  next.restore(ban);
  EXPECT_TRUE(next.refuses(here.address));
  clock.advance(15min);
  EXPECT_FALSE(next.refuses(here.address));
}

TEST_F(BanListTest, HasBoundedMemoryWhateverComes) {
  BanRules r = rules();
  r.max_watched = 100;
  r.max_bans = 50;
  (void)bans.set_rules(r);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const Seen seen{IpAddress::v4(0x0A000000 + i), "smtp", 25};
    (void)bans.saw(seen, Offence::silent, std::string(10'000, 'x'));
    (void)repeat(seen, Offence::address_refused);
  }
  EXPECT_LE(bans.watched(), 100u);
  EXPECT_LE(bans.size(), 50u);
  EXPECT_FALSE(bans.forgotten().empty());
}

TEST_F(BanListTest, SwitchedOffKeepsAdministratorsBansAlone) {
  BanRules r = rules();
  r.automatic = false;
  (void)bans.set_rules(r);
  EXPECT_THAT(repeat(here, Offence::address_refused), IsEmpty());
  ASSERT_TRUE(bans.add(net("192.0.2.1"), 1h, ""));
  EXPECT_TRUE(bans.refuses(here.address));
}

}  // namespace
}  // namespace gatepost::gate
