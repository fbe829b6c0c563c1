#include "gate/watch/packet_message.hpp"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>

#include <chrono>
#include <cstring>

#include "base/bytes.hpp"
#include "base/netlink.hpp"

namespace gatepost::gate::watch {
namespace {

constexpr std::uint16_t kPacket = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET;

// struct nfulnl_msg_packet_timestamp: seconds and microseconds, 64 bits each, in network byte order. What no clock says
// is left out.
TimePoint time_in(std::string_view attributes) {
  constexpr std::uint64_t kLatest = 1ULL << 33;  // 2242; TimePoint counts nanoseconds
  const auto octets = netlink::attribute(attributes, NFULA_TIMESTAMP);
  if (!octets || octets->size() != 16) return {};
  ByteReader reader(*octets);
  const std::uint64_t seconds = reader.u64(), micros = reader.u64();
  if (seconds > kLatest || micros >= 1'000'000) return {};
  return TimePoint(std::chrono::seconds(seconds) + std::chrono::microseconds(micros));
}

LoggedPacket packet_in(std::string_view attributes) {
  LoggedPacket out;
  out.payload = netlink::attribute(attributes, NFULA_PAYLOAD).value_or(std::string_view());
  out.prefix = netlink::attribute(attributes, NFULA_PREFIX).value_or(std::string_view());
  out.prefix = out.prefix.substr(0, out.prefix.find('\0'));
  out.in_interface = netlink::be32(attributes, NFULA_IFINDEX_INDEV).value_or(0);
  out.out_interface = netlink::be32(attributes, NFULA_IFINDEX_OUTDEV).value_or(0);
  out.at = time_in(attributes);
  return out;
}

}  // namespace

void read_logged_packets(std::string_view messages, const std::function<void(const LoggedPacket&)>& take) {
  while (const auto message = netlink::take_message(messages)) {
    if (message->type != kPacket || message->body.size() < sizeof(nfgenmsg)) continue;
    take(packet_in(message->body.substr(sizeof(nfgenmsg))));
  }
}

}  // namespace gatepost::gate::watch
