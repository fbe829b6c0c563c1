#include "base/ip.hpp"

#include <gtest/gtest.h>

namespace gatepost {
namespace {

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }

TEST(Ip, ReadsAndWritesBothFamilies) {
  EXPECT_EQ(ip("192.0.2.1").to_string(), "192.0.2.1");
  EXPECT_EQ(ip("2001:DB8:0:0::1").to_string(), "2001:db8::1");
  EXPECT_EQ(ip("::ffff:192.0.2.1"), ip("192.0.2.1"));
  EXPECT_EQ(IpAddress::v4(0xc0000201), ip("192.0.2.1"));
  EXPECT_TRUE(ip("192.0.2.1").is_v4());
  EXPECT_FALSE(ip("::1").is_v4());
}

TEST(Ip, RefusesOtherTexts) {
  for (std::string_view text : {"", "192.0.2", "192.0.2.256", "192.0.2.01", "[::1]", "::1%eth0", "1.2.3.4 ",
                                ":::", "localhost", "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
}

TEST(Ip, KnowsLoopback) {
  EXPECT_TRUE(ip("127.0.0.1").is_loopback());
  EXPECT_TRUE(ip("127.9.9.9").is_loopback());
  EXPECT_TRUE(ip("::1").is_loopback());
  EXPECT_FALSE(ip("128.0.0.1").is_loopback());
  EXPECT_FALSE(ip("::").is_loopback());
}

TEST(Ip, LimitsCountIpv6ByItsSixtyFour) {
  EXPECT_EQ(ip("2001:db8:1:2:3:4:5:6").limit_key(), ip("2001:db8:1:2::"));
  EXPECT_EQ(ip("192.0.2.1").limit_key(), ip("192.0.2.1"));
}

TEST(Network, ContainsWhatItsPrefixSays) {
  const auto net = Network::parse("10.0.0.0/8");
  ASSERT_TRUE(net);
  EXPECT_EQ(net->prefix, 104);
  EXPECT_TRUE(net->contains(ip("10.255.0.1")));
  EXPECT_FALSE(net->contains(ip("11.0.0.1")));
  EXPECT_FALSE(net->contains(ip("::1")));
  EXPECT_TRUE(Network::parse("192.0.2.128/25")->contains(ip("192.0.2.200")));
  EXPECT_FALSE(Network::parse("192.0.2.128/25")->contains(ip("192.0.2.100")));
  EXPECT_TRUE(Network::parse("0.0.0.0/0")->contains(ip("203.0.113.5")));
  EXPECT_FALSE(Network::parse("0.0.0.0/0")->contains(ip("2001:db8::1")));
  EXPECT_TRUE(Network::parse("::/0")->contains(ip("203.0.113.5")));
  EXPECT_TRUE(Network::parse("::1")->contains(ip("::1")));
  EXPECT_TRUE(contains({*Network::parse("::1"), *net}, ip("10.1.1.1")));
  EXPECT_FALSE(contains({}, ip("10.1.1.1")));
}

TEST(Network, RefusesHostBitsAndBadPrefixes) {
  for (std::string_view text : {"10.0.0.1/8", "10.0.0.0/33", "2001:db8::1/64", "::/129", "10.0.0.0/", "10.0.0.0/08",
                                "10.0.0.0/-1", "10.0.0.0/8 ", "/8", "10.0.0.0/8/8", "10.0.0.0/99999999999"}) {
    EXPECT_FALSE(Network::parse(text)) << text;
  }
}

TEST(Network, WritesWhatItReads) {
  for (std::string_view text : {"10.0.0.0/8", "0.0.0.0/0", "192.0.2.1", "2001:db8::/32", "::/0", "::1"}) {
    EXPECT_EQ(Network::parse(text)->to_string(), text);
  }
}

TEST(Endpoint, BracketsIpv6) {
  EXPECT_EQ((Endpoint{ip("192.0.2.1"), 25}).to_string(), "192.0.2.1:25");
  EXPECT_EQ((Endpoint{ip("2001:db8::1"), 993}).to_string(), "[2001:db8::1]:993");
}

}  // namespace
}  // namespace gatepost
