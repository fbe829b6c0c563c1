#include "gate/policy/address_set.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

namespace gatepost::gate {
namespace {

AddressSet set(std::initializer_list<std::string_view> texts) {
  std::vector<Network> networks;
  for (const std::string_view text : texts) networks.push_back(*Network::parse(text));
  return set_of(networks);
}

std::vector<std::string> cidrs(const AddressSet& s) {
  std::vector<std::string> out;
  for (const Network& n : networks_of(s)) out.push_back(n.to_string());
  return out;
}

TEST(AddressSet, TakesNeighboursAndRepetitionsTogether) {
  EXPECT_EQ(cidrs(set({"10.0.1.0/24", "10.0.0.0/24", "10.0.0.7", "192.0.2.1"})),
            (std::vector<std::string>{"10.0.0.0/23", "192.0.2.1"}));
  EXPECT_EQ(cidrs(set({"0.0.0.0/1", "128.0.0.0/1", "::/0"})), (std::vector<std::string>{"0.0.0.0/0", "::/0"}));
}

TEST(AddressSet, SubtractsWithExactEdges) {
  const AddressSet rest = set({"10.0.0.0/29"}).minus(set({"10.0.0.3"}));
  EXPECT_EQ(cidrs(rest), (std::vector<std::string>{"10.0.0.0/31", "10.0.0.2", "10.0.0.4/30"}));
  EXPECT_EQ(count_of(rest), 7u);
  EXPECT_EQ(count_of(set({"2001:db8::/32"})), UINT64_MAX);
}

TEST(AddressSet, AllOfIpv6HasNoIpv4InIt) {
  EXPECT_FALSE(set({"::/0"}).contains(number_of(*IpAddress::parse("192.0.2.1"))));
  EXPECT_TRUE(set({"0.0.0.0/0"}).contains(number_of(*IpAddress::parse("192.0.2.1"))));
  EXPECT_EQ(text_of(set({"::/0"})), "any IPv6 address");
  EXPECT_EQ(text_of(AddressSet::all()), "anywhere");
  EXPECT_EQ(text_of(AddressSet::all().minus(set({"10.20.0.0/16", "127.0.0.0/8", "::1"}))),
            "any IPv4 address but 10.20.0.0/16; any IPv6 address");
  EXPECT_EQ(text_of(set({"10.0.0.0/8", "2001:db8::/32"})), "10.0.0.0/8; 2001:db8::/32");
  EXPECT_EQ(text_of(set({"10.0.0.1", "10.0.0.2"})), "10.0.0.1-10.0.0.2");
}

TEST(AddressSet, AgreesWithMembershipOnRandomSets) {
  std::mt19937 random(7);
  using Small = IntervalSet<std::uint16_t>;
  for (int round = 0; round < 300; ++round) {
    const auto make = [&] {
      std::vector<Small::Interval> intervals;
      for (unsigned i = random() % 6; i > 0; --i) {
        const auto lo = static_cast<std::uint16_t>(random() % 65536);
        intervals.push_back({lo, static_cast<std::uint16_t>(std::min<std::size_t>(65535, lo + random() % 9000))});
      }
      if (random() % 4 == 0) intervals.push_back({65530, 65535});
      return Small::from(intervals);
    };
    const Small a = make(), b = make();
    for (int i = 0; i < 200; ++i) {
      const auto x = static_cast<std::uint16_t>(i % 3 == 0 ? 65535 - i % 8 : random() % 65536);
      ASSERT_EQ((a & b).contains(x), a.contains(x) && b.contains(x));
      ASSERT_EQ((a | b).contains(x), a.contains(x) || b.contains(x));
      ASSERT_EQ(a.minus(b).contains(x), a.contains(x) && !b.contains(x));
      ASSERT_EQ(a.complement().contains(x), !a.contains(x));
    }
    ASSERT_EQ(a.complement().complement(), a);
  }
}

TEST(AddressSet, TenThousandNetworksAreQuick) {
  std::mt19937 random(1);
  std::vector<Network> networks;
  for (int i = 0; i < 10'000; ++i) {
    networks.push_back({IpAddress::v4(static_cast<std::uint32_t>(random() & 0xffffff00U)), 120});
  }
  const auto begun = std::chrono::steady_clock::now();
  const AddressSet all = set_of(networks);
  const AddressSet rest = AddressSet::all().minus(all);
  EXPECT_EQ(set_of(networks_of(all)), all);
  EXPECT_TRUE((all & rest).empty());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(1));
}

}  // namespace
}  // namespace gatepost::gate
