#include "gate/kernel/host.hpp"

#include <gtest/gtest.h>

namespace gatepost::gate {
namespace {

TEST(Host, ReadsListeningSocketsOfBothFamilies) {
  const std::string_view tcp =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
      "   0: 0100007F:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n"
      "   1: 0100007F:0019 0100007F:1234 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n"
      "   2: 0100:0019 00000000:0000 0A\n"
      "   3: 01X0007F:0019 00000000:0000 0A 0\n";
  EXPECT_EQ(parse_listening(tcp), (std::vector<Listening>{{*IpAddress::parse("127.0.0.1"), 25}}));
  const std::string_view tcp6 =
      "   0: 00000000000000000000000000000000:03E1 00000000000000000000000000000000:0000 0A 0\n"
      "   1: B80D0120000000000000000001000000:03E1 00000000000000000000000000000000:0000 0A 0\n";
  EXPECT_EQ(parse_listening(tcp6),
            (std::vector<Listening>{{IpAddress{}, 993}, {*IpAddress::parse("2001:db8::1"), 993}}));
}

TEST(Host, ReadsWhereAnAdminComesFrom) {
  const auto ssh = parse_ssh_connection("192.0.2.1 50022 198.51.100.1 22\n");
  ASSERT_TRUE(ssh);
  EXPECT_EQ(ssh->client.to_string(), "192.0.2.1");
  EXPECT_EQ(ssh->server_port, 22);
  for (const char* wrong :
       {"", "192.0.2.1 50022 198.51.100.1", "x 1 y 2", "192.0.2.1 0 198.51.100.1 22", "192.0.2.1 70000 ::1 22"})
    EXPECT_FALSE(parse_ssh_connection(wrong)) << wrong;
}

TEST(Host, KnowsWhetherALogGroupIsRead) {
  const std::string_view proc = "    5  12345     0 2 65535      1  1\n   17   4294962     0 2 65535      1  1\n";
  EXPECT_TRUE(parse_log_group(proc, 5));
  EXPECT_TRUE(parse_log_group(proc, 17));
  EXPECT_FALSE(parse_log_group(proc, 1));
  EXPECT_FALSE(parse_log_group(proc, 12345));
  EXPECT_FALSE(parse_log_group("", 0));
}

TEST(Host, HasLoopback) {
  const auto host = this_host();
  ASSERT_TRUE(host);
  EXPECT_TRUE(host->addresses.contains(number_of(*IpAddress::parse("127.0.0.53"))));
}

}  // namespace
}  // namespace gatepost::gate
