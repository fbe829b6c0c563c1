#include "gate/watch/packet_message.hpp"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace gatepost::gate::watch {
namespace {

std::string attribute_of(std::uint16_t type, std::string_view content) {
  nlattr head{static_cast<std::uint16_t>(sizeof(nlattr) + content.size()), type};
  std::string out(reinterpret_cast<const char*>(&head), sizeof head);
  out += content;
  out.resize((out.size() + 3) / 4 * 4);
  return out;
}

std::string message_of(std::uint16_t type, std::string_view attributes) {
  const nfgenmsg general{AF_INET, NFNETLINK_V0, htons(5)};
  nlmsghdr head{};
  head.nlmsg_len = static_cast<std::uint32_t>(sizeof head + sizeof general + attributes.size());
  head.nlmsg_type = type;
  std::string out(reinterpret_cast<const char*>(&head), sizeof head);
  out.append(reinterpret_cast<const char*>(&general), sizeof general);
  return out += attributes;
}

constexpr std::uint16_t kPacket = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET;

TEST(PacketMessage, GivesWhatTheKernelSays) {
  using namespace std::string_literals;
  const std::string whole = attribute_of(NFULA_PREFIX, "gp:imaps:rate \0"s) +
                            attribute_of(NFULA_IFINDEX_INDEV, "\0\0\0\2"s) + attribute_of(NFULA_PAYLOAD, "packet") +
                            attribute_of(NFULA_TIMESTAMP, "\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\4"s);
  const std::string octets = message_of(kPacket, whole) + message_of(NLMSG_DONE, "") +
                             message_of(kPacket, attribute_of(NFULA_PAYLOAD, "second"));
  std::vector<LoggedPacket> got;
  read_logged_packets(octets, [&](const LoggedPacket& packet) { got.push_back(packet); });
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got[0].prefix, "gp:imaps:rate ");
  EXPECT_EQ(got[0].payload, "packet");
  EXPECT_EQ(got[0].in_interface, 2U);
  EXPECT_EQ(got[0].out_interface, 0U);
  EXPECT_EQ(got[0].at, TimePoint(std::chrono::seconds(3) + std::chrono::microseconds(4)));
  EXPECT_EQ(got[1].payload, "second");
  EXPECT_EQ(got[1].at, TimePoint{});
  for (std::size_t size = 0; size < octets.size(); ++size)
    read_logged_packets(std::string_view(octets).substr(0, size), [](const LoggedPacket&) {});
}

TEST(PacketMessage, LeavesOutATimeNoClockSays) {
  const std::string octets =
      message_of(kPacket, attribute_of(NFULA_TIMESTAMP, std::string(16, '\xff')) + attribute_of(NFULA_PAYLOAD, "x"));
  int count = 0;
  read_logged_packets(octets, [&](const LoggedPacket& packet) {
    ++count;
    EXPECT_EQ(packet.at, TimePoint{});
  });
  EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace gatepost::gate::watch
