#include "gate/bans/ban.hpp"

#include <gtest/gtest.h>

#include "gate/bans/test_network.hpp"

namespace gatepost::gate {
namespace {

Ban some_ban() {
  Ban ban;
  ban.network = net("2001:db8:1:2::/64");
  ban.cause = Cause::scanner;
  ban.reason = "spoke another protocol (4 times)";
  ban.since = TimePoint(std::chrono::seconds(1'700'000'000));
  ban.until = ban.since + std::chrono::minutes(15);
  ban.level = 3;
  ban.daemon_only = true;
  ban.evidence = {{ban.since, ban.until, Offence::foreign_protocol, 4, "smtp", "GET / HTTP/1.1"},
                  {ban.since, ban.since, Offence::silent, 1, "imaps", ""}};
  return ban;
}

TEST(BanRecord, ComesBackAsItWas) {
  const Ban ban = some_ban();
  const auto back = decode_ban(ban_key(ban.network), encode(ban));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, ban);
}

TEST(BanRecord, OfANewerVersionOrDamagedIsRefused) {
  const Ban ban = some_ban();
  std::string value = encode(ban);
  EXPECT_EQ(decode_ban("b", value).error().code, Errc::corrupt);
  EXPECT_EQ(decode_ban(ban_key(ban.network), value.substr(0, value.size() - 1)).error().code, Errc::corrupt);
  EXPECT_EQ(decode_ban(ban_key(net("2001:db8::/40")), value).error().code, Errc::corrupt);
  value[0] = 2;
  EXPECT_EQ(decode_ban(ban_key(ban.network), value).error().code, Errc::unsupported);
}

TEST(Bannable, AreAddressesAndTheNetworksTheFirewallHasSetsFor) {
  for (const char* good : {"192.0.2.7", "192.0.2.0/24", "2001:db8::1", "2001:db8::/64", "2001:db8::/48"}) {
    EXPECT_TRUE(bannable_network(good)) << good;
  }
  for (const char* bad : {"192.0.2.0/25", "0.0.0.0/0", "::/0", "2001:db8::/32", "192.0.2.1/24", "somewhere", ""}) {
    EXPECT_FALSE(bannable_network(bad)) << bad;
  }
}

TEST(NetworkOf, KeepsTheFirstBits) {
  EXPECT_EQ(network_of(*IpAddress::parse("192.0.2.7"), 96 + 24), net("192.0.2.0/24"));
  EXPECT_EQ(network_of(*IpAddress::parse("2001:db8:1:2:3:4:5:6"), 48), net("2001:db8:1::/48"));
  EXPECT_EQ(network_of(*IpAddress::parse("2001:db8::9"), 128), net("2001:db8::9"));
}

TEST(Overlap, IsOneInTheOther) {
  EXPECT_TRUE(overlap(net("192.0.2.0/24"), net("192.0.2.7")));
  EXPECT_TRUE(overlap(net("192.0.2.7"), net("192.0.2.0/24")));
  EXPECT_FALSE(overlap(net("192.0.2.0/24"), net("192.0.3.7")));
}

}  // namespace
}  // namespace gatepost::gate
