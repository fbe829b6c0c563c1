#include "gate/kernel/conntrack.hpp"

#include <gtest/gtest.h>

#include <random>

#include "gate/kernel/test_namespace.hpp"

namespace gatepost::gate {
namespace {

using namespace testing_namespace;

TEST(Conntrack, ConnectionsAreListedAndForgotten) {
  in_namespace([] {
    auto nft = Nft::open();
    // The kernel tracks where a rule asks for it.
    ASSERT_TRUE(
        nft->run("table inet t {\n chain c {\n type filter hook input priority 0; policy accept;\n ct state "
                 "established accept\n }\n}\n"));
    sh("ip addr add 198.51.100.1/32 dev lo; ip addr add 2001:db8::1/128 dev lo nodad");
    sh("python3 -c \"import socket\nfor h in ('198.51.100.1','2001:db8::1'):\n  l=socket.create_server((h,993),"
       "family=socket.AF_INET6 if ':' in h else socket.AF_INET)\n  socket.create_connection((h,993)).close()\"");
    const auto all = tracked_connections();
    ASSERT_TRUE(all) << all.error().detail;
    int found = 0;
    for (const Tracked& t : *all) {
      if (t.destination_port != 993 || t.l4proto != 6) continue;
      ++found;
      const auto gone = forget(t);
      EXPECT_TRUE(gone) << gone.error().detail;
    }
    EXPECT_EQ(found, 2);
    for (const Tracked& t : *tracked_connections()) EXPECT_NE(t.destination_port, 993);
  });
}

TEST(Conntrack, AnyOctetsAreReadWithoutHarm) {
  std::mt19937 random(5);
  for (int round = 0; round < 20'000; ++round) {
    std::string octets(random() % 200, '\0');
    for (char& c : octets) c = static_cast<char>(random() % (round % 2 == 0 ? 256 : 40));
    std::vector<Tracked> out;
    bool done = false;
    parse_conntrack(octets, out, done);
    EXPECT_LE(out.size(), octets.size());
  }
}

}  // namespace
}  // namespace gatepost::gate
