#include "http/server/misses.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gatepost::http::server {
namespace {

IpAddress at(const std::string& text) { return *IpAddress::parse(text); }

TEST(Misses, DifferentPathsCountOverAllConnections) {
  Misses misses;
  const SteadyPoint now{};
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(misses.missed(at("192.0.2.1"), "/" + std::to_string(i), 5, now));
  EXPECT_FALSE(misses.missed(at("192.0.2.2"), "/4", 5, now));
  EXPECT_TRUE(misses.missed(at("192.0.2.1"), "/4", 5, now));
  EXPECT_FALSE(misses.missed(at("192.0.2.1"), "/5", 5, now)) << "it begins anew";
}

TEST(Misses, TheSamePathAgainAndAgainIsNoScan) {
  Misses misses;
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(misses.missed(at("192.0.2.1"), "/ews", 2, SteadyPoint{}));
}

TEST(Misses, WhoFindsSomethingBetweenIsForgiven) {
  Misses misses;
  EXPECT_FALSE(misses.missed(at("192.0.2.1"), "/a", 2, SteadyPoint{}));
  misses.found(at("192.0.2.1"));
  EXPECT_FALSE(misses.missed(at("192.0.2.1"), "/b", 2, SteadyPoint{}));
}

TEST(Misses, OldOnesAreForgotten) {
  Misses misses;
  EXPECT_FALSE(misses.missed(at("192.0.2.1"), "/a", 2, SteadyPoint{}));
  EXPECT_FALSE(misses.missed(at("192.0.2.1"), "/b", 2, SteadyPoint{} + std::chrono::minutes(11)));
}

TEST(Misses, AnIpv6ClientIsItsNetwork) {
  Misses misses;
  EXPECT_FALSE(misses.missed(at("2001:db8::1"), "/a", 2, SteadyPoint{}));
  EXPECT_TRUE(misses.missed(at("2001:db8::2"), "/b", 2, SteadyPoint{}));
  EXPECT_FALSE(misses.missed(at("2001:db8:0:1::1"), "/a", 2, SteadyPoint{}));
}

TEST(Misses, ManyClientsTakeBoundedRoom) {
  Misses misses;
  EXPECT_FALSE(misses.missed(at("192.0.2.1"), "/a", 2, SteadyPoint{}));
  for (std::uint32_t i = 0; i < Misses::kMostClients; ++i)
    EXPECT_FALSE(misses.missed(IpAddress::v4(0x0a000000 + i), "/a", 2, SteadyPoint{} + std::chrono::seconds(1)));
  EXPECT_FALSE(misses.missed(at("192.0.2.1"), "/b", 2, SteadyPoint{} + std::chrono::seconds(1))) << "it was forgotten";
}

}  // namespace
}  // namespace gatepost::http::server
