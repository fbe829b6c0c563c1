#include "gate/log/packet.hpp"

#include <cstring>

#include "base/bytes.hpp"
#include "gate/log/text.hpp"

namespace gatepost::gate::log {

namespace {

constexpr std::size_t kMaxExtensions = 8;

std::uint8_t octet(std::string_view from, std::size_t at) { return static_cast<std::uint8_t>(from[at]); }
std::uint16_t word(std::string_view from, std::size_t at) {
  return static_cast<std::uint16_t>(octet(from, at) << 8 | octet(from, at + 1));
}

// Ports stand first in TCP, UDP, UDP-Lite and SCTP; TCP's control bits in its 14th octet (RFC 9293 3.1).
void read_transport(std::string_view rest, LogEvent& event) {
  if (!has_ports(*event.protocol)) return;
  if (rest.size() >= 2) event.source_port = word(rest, 0);
  if (rest.size() >= 4) event.destination_port = word(rest, 2);
  if (*event.protocol == 6 && rest.size() >= 14) event.tcp_flags = octet(rest, 13);
}

// RFC 791 3.1
bool read_v4(std::string_view packet, LogEvent& event) {
  if (packet.size() < 20) return false;
  const std::size_t header = (octet(packet, 0) & 0x0fU) * 4;
  if (header < 20) return false;
  event.length = word(packet, 2);
  event.protocol = octet(packet, 9);
  const auto address = [&](std::size_t at) {
    return Address{IpAddress::v4(static_cast<std::uint32_t>(word(packet, at)) << 16 | word(packet, at + 2)), true,
                   false};
  };
  event.source = address(12);
  event.destination = address(16);
  const bool first_fragment = (word(packet, 6) & 0x1fffU) == 0;
  if (first_fragment && header <= packet.size()) read_transport(packet.substr(header), event);
  return true;
}

// RFC 8200 3 and 4: what protocol it is stands behind any number of extension headers.
bool read_v6(std::string_view packet, LogEvent& event) {
  constexpr std::size_t kHeader = 40;
  if (packet.size() < kHeader) return false;
  event.length = kHeader + word(packet, 4);
  for (Address* const address : {&event.source, &event.destination}) {
    address->known = address->v6 = true;
    std::memcpy(address->ip.octets.data(), packet.data() + (address == &event.source ? 8 : 24), 16);
  }
  std::uint8_t next = octet(packet, 6);
  std::string_view rest = packet.substr(kHeader);
  for (std::size_t i = 0; i < kMaxExtensions; ++i) {
    event.protocol = next;
    const bool options = next == 0 || next == 43 || next == 60, fragment = next == 44, authentication = next == 51;
    if (!options && !fragment && !authentication) break;
    if (rest.size() < 8) return true;
    next = octet(rest, 0);
    const bool later_fragment = fragment && (word(rest, 2) & 0xfff8U) != 0;
    const std::size_t size = fragment ? 8 : authentication ? (octet(rest, 1) + 2U) * 4 : (octet(rest, 1) + 1U) * 8;
    event.protocol = next;
    if (later_fragment || size > rest.size()) return true;
    rest.remove_prefix(size);
  }
  read_transport(rest, event);
  return true;
}

}  // namespace

bool read_packet(std::string_view packet, LogEvent& event) {
  if (packet.empty()) return false;
  switch (octet(packet, 0) >> 4) {
    case 4:
      return read_v4(packet, event);
    case 6:
      return read_v6(packet, event);
    default:
      return false;
  }
}

std::optional<KernelRecord> read_kernel_record(std::string_view record) {
  const std::size_t semicolon = record.find(';');
  if (semicolon == std::string_view::npos) return std::nullopt;
  std::string_view head = record.substr(0, semicolon);
  constexpr std::uint64_t kLongestUptime = 100ULL * 366 * 24 * 3600 * 1'000'000;
  const auto priority = text::number(text::take_until(head, ','), 1023);
  const auto sequence = text::number(text::take_until(head, ','));
  const auto uptime = text::number(text::take_until(head, ','), kLongestUptime);
  if (!priority || !sequence || !uptime) return std::nullopt;
  KernelRecord out;
  out.priority = static_cast<unsigned>(*priority);
  out.sequence = *sequence;
  out.uptime = std::chrono::microseconds(*uptime);
  // What follows the first line are the record's properties.
  std::string_view message = record.substr(semicolon + 1);
  message = message.substr(0, message.find('\n'));
  while (!message.empty()) {
    if (message.size() >= 4 && message.starts_with("\\x")) {
      if (const auto decoded = from_hex(message.substr(2, 2))) {
        out.message += *decoded;
        message.remove_prefix(4);
        continue;
      }
    }
    out.message += message.front();
    message.remove_prefix(1);
  }
  return out;
}

}  // namespace gatepost::gate::log
