#include "gate/log/packet.hpp"

#include <gmock/gmock.h>

#include "base/bytes.hpp"
#include "gate/log/print.hpp"
#include "gate/log/reader.hpp"

namespace gatepost::gate::log {
namespace {

std::string octets(std::string_view hex) { return *from_hex(hex); }

const std::string kSyn = octets(
    "4500003c1c464000400600"
    "00c0000207c6336419"  // 192.0.2.7 > 198.51.100.25
    "d26c03e1000000010000000050020400aaaa0000");

std::string words(std::string_view packet) {
  Item item;
  item.kind = Kind::event;
  return read_packet(packet, item.event) ? format_text(item) : "none";
}

TEST(LoggedPacket, GivesAddressesPortsAndFlags) {
  EXPECT_EQ(words(kSyn), "- log tcp 192.0.2.7:53868 > 198.51.100.25:993 [SYN] 60 octets");
}

TEST(LoggedPacket, OfAnySizeSaysWhatItStillHolds) {
  EXPECT_EQ(words(kSyn.substr(0, 19)), "none");
  EXPECT_EQ(words(kSyn.substr(0, 20)), "- log tcp 192.0.2.7 > 198.51.100.25 60 octets");
  EXPECT_EQ(words(kSyn.substr(0, 24)), "- log tcp 192.0.2.7:53868 > 198.51.100.25:993 60 octets");
  EXPECT_EQ(words(""), "none");
  EXPECT_EQ(words("\x70garbage garbage garbage garbage garbage garbage"), "none");
}

TEST(LoggedPacket, OfALaterFragmentHasNoPorts) {
  std::string fragment = kSyn;
  fragment[7] = 0x10;
  EXPECT_EQ(words(fragment), "- log tcp 192.0.2.7 > 198.51.100.25 60 octets");
}

TEST(LoggedPacket, OfIpv6IsReadBehindItsExtensionHeaders) {
  const std::string head = octets(
      "60000000002400402001"
      "0db8000000000000000000000005"
      "20010db8000000000000000000000001");
  const std::string hop_by_hop = octets("2c00050200000000"), fragment = octets("0600000100000001");
  const std::string tcp = octets("d26c03e1000000010000000050120400aaaa0000");
  EXPECT_EQ(words(head.substr(0, 6) + std::string(1, 0) + head.substr(7) + hop_by_hop + fragment + tcp),
            "- log tcp [2001:db8::5]:53868 > [2001:db8::1]:993 [ACK,SYN] 76 octets");
  const std::string later = octets("0600000900000001");
  EXPECT_EQ(words(head.substr(0, 6) + std::string(1, 44) + head.substr(7) + later + tcp),
            "- log tcp 2001:db8::5 > 2001:db8::1 76 octets");
}

TEST(KernelRecord, IsReadWithItsEscapes) {
  const auto record = read_kernel_record("4,1021,18376584000,-;drop\\x0a: IN=eth0\\x5c OUT=\n SUBSYSTEM=net\n");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->priority, 4U);
  EXPECT_EQ(record->sequence, 1021U);
  EXPECT_EQ(record->uptime, std::chrono::microseconds(18'376'584'000));
  EXPECT_EQ(record->message, "drop\n: IN=eth0\\ OUT=");
  for (const char* const bad : {"", "4,1,2", "x,1,2,-;a", "4,,2,-;a", "4,1,99999999999999999999,-;a"}) {
    EXPECT_FALSE(read_kernel_record(bad)) << bad;
  }
}

TEST(KernelRecord, BecomesAnEvent) {
  Reader reader(Format::netfilter);
  const Item& item =
      reader.read_message({}, "gatepost drop imaps IN=a OUT= SRC=192.0.2.7 DST=192.0.2.8 LEN=40 PROTO=47 ");
  EXPECT_EQ(item.kind, Kind::event);
  EXPECT_EQ(item.event.rule, "gatepost:imaps");
}

}  // namespace
}  // namespace gatepost::gate::log
