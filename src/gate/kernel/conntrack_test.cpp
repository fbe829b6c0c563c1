#include "gate/kernel/conntrack.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

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

sockaddr_in at(const char* address, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  ::inet_pton(AF_INET, address, &out.sin_addr);
  return out;
}

TEST(Conntrack, StatesAndTranslationsAreRead) {
  in_namespace([] {
    auto nft = Nft::open();
    ASSERT_TRUE(
        nft->run("table inet t {\n chain c {\n type filter hook input priority 0; policy accept;\n ct state "
                 "established accept\n }\n}\n"
                 "table ip sent {\n chain out {\n type nat hook output priority -100; policy accept;\n"
                 " tcp dport 993 dnat to 198.51.100.2:1993\n }\n}\n"));
    sh("ip addr add 198.51.100.1/32 dev lo; ip addr add 198.51.100.2/32 dev lo");
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0), client = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in here = at("198.51.100.2", 1993), asked = at("198.51.100.1", 993);
    ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&here), sizeof here), 0);
    ASSERT_EQ(::listen(listener, 4), 0);
    ASSERT_EQ(::connect(client, reinterpret_cast<const sockaddr*>(&asked), sizeof asked), 0);
    const int accepted = ::accept(listener, nullptr, nullptr);
    const auto find = [] {
      const auto all = tracked_connections();
      for (const Tracked& t : *all) {
        if (t.destination_port == 993 && t.l4proto == IPPROTO_TCP) return t;
      }
      return Tracked{};
    };
    const Tracked open = find();
    EXPECT_EQ(open.state, Tracked::State::established);
    EXPECT_TRUE(open.seen_reply);
    EXPECT_TRUE(open.translated());
    EXPECT_EQ(open.answers_from.to_string(), "198.51.100.2");
    EXPECT_EQ(open.answers_port, 1993);
    ::close(accepted);
    ::close(client);
    EXPECT_EQ(find().state, Tracked::State::ending);
    ::close(listener);
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
