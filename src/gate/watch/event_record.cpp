#include "gate/watch/event_record.hpp"

#include <algorithm>
#include <concepts>
#include <cstring>

#include "base/digest.hpp"

namespace gatepost::gate::watch {
namespace {

// Where each field stands; docs/formats/gate-events.md has the same table.
constexpr std::size_t kCrc = 0, kFlags = 4, kNumber = 8, kArrived = 16, kTime = 24, kVerdict = 32, kHow = 33,
                      kDirection = 34, kProtocol = 35, kTcpFlags = 36, kSourcePort = 40, kDestinationPort = 42,
                      kSource = 48, kDestination = 64, kInInterface = 80, kOutInterface = 96, kRule = 112,
                      kReason = 192;
constexpr std::size_t kInterfaceOctets = 16, kRuleOctets = 80, kReasonOctets = 64;  // the first is the length
enum Flag : std::uint16_t {
  kTimeKnown = 1,
  kHasFraction = 2,
  kZoneAssumed = 4,
  kYearAssumed = 8,
  kHasProtocol = 16,
  kHasTcpFlags = 32,
  kHasSourcePort = 64,
  kHasDestinationPort = 128,
  kSourceKnown = 256,
  kSourceV6 = 512,
  kDestinationKnown = 1024,
  kDestinationV6 = 2048,
};
constexpr std::uint16_t kAllFlags = 4095;

// Numbers are little-endian.
template <std::unsigned_integral T>
void put_field(EventRecord& r, std::size_t at, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) r[at + i] = static_cast<char>(value >> (8 * i) & 0xff);
}
template <std::unsigned_integral T>
T get_field(std::string_view r, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value |= std::uint64_t{static_cast<unsigned char>(r[at + i])} << (8 * i);
  return static_cast<T>(value);
}

// Far beyond any clock: arithmetic on it stays defined.
std::optional<TimePoint> valid_time(std::uint64_t value) {
  constexpr std::int64_t kMost = 4'000'000'000'000'000;  // the year 2096
  const auto signed_value = static_cast<std::int64_t>(value);
  if (signed_value < 0 || signed_value > kMost) return std::nullopt;
  return TimePoint(std::chrono::microseconds(signed_value));
}

void put_text(EventRecord& r, std::size_t at, std::size_t room, std::string_view text) {
  text = text.substr(0, room - 1);
  r[at] = static_cast<char>(text.size());
  std::ranges::copy(text, r.data() + at + 1);
}
std::optional<std::string> text_of(std::string_view r, std::size_t at, std::size_t room) {
  const std::size_t size = static_cast<unsigned char>(r[at]);
  if (size >= room) return std::nullopt;
  return std::string(r.substr(at + 1, size));
}

void put_address(EventRecord& r, std::size_t at, const log::Address& address) {
  std::memcpy(r.data() + at, address.ip.octets.data(), address.ip.octets.size());
}
log::Address address_of(std::string_view r, std::size_t at, bool known, bool v6) {
  log::Address out;
  out.known = known;
  out.v6 = v6;
  if (known) std::memcpy(out.ip.octets.data(), r.data() + at, out.ip.octets.size());
  return out;
}

std::uint16_t flags_of(const KeptEvent& e) {
  int flags = 0;
  const auto set = [&flags](bool on, int flag) { flags |= on ? flag : 0; };
  set(e.time.known, kTimeKnown);
  set(e.time.has_fraction, kHasFraction);
  set(e.time.zone_assumed, kZoneAssumed);
  set(e.time.year_assumed, kYearAssumed);
  set(e.protocol.has_value(), kHasProtocol);
  set(e.tcp_flags.has_value(), kHasTcpFlags);
  set(e.source_port.has_value(), kHasSourcePort);
  set(e.destination_port.has_value(), kHasDestinationPort);
  set(e.source.known, kSourceKnown);
  set(e.source.v6, kSourceV6);
  set(e.destination.known, kDestinationKnown);
  set(e.destination.v6, kDestinationV6);
  return static_cast<std::uint16_t>(flags);
}

}  // namespace

EventRecord encode(const KeptEvent& e) {
  EventRecord r{};
  put_field(r, kFlags, flags_of(e));
  put_field(r, kNumber, e.number);
  put_field(r, kArrived, micros(e.arrived));
  put_field(r, kTime, e.time.known ? micros(e.time.at) : std::uint64_t{0});
  r[kVerdict] = static_cast<char>(e.verdict);
  r[kHow] = static_cast<char>(e.how);
  r[kDirection] = static_cast<char>(e.direction);
  r[kProtocol] = static_cast<char>(e.protocol.value_or(0));
  r[kTcpFlags] = static_cast<char>(e.tcp_flags.value_or(0));
  put_field(r, kSourcePort, e.source_port.value_or(0));
  put_field(r, kDestinationPort, e.destination_port.value_or(0));
  if (e.source.known) put_address(r, kSource, e.source);
  if (e.destination.known) put_address(r, kDestination, e.destination);
  put_text(r, kInInterface, kInterfaceOctets, e.in_interface);
  put_text(r, kOutInterface, kInterfaceOctets, e.out_interface);
  put_text(r, kRule, kRuleOctets, e.rule);
  put_text(r, kReason, kReasonOctets, e.reason);
  put_field(r, kCrc, crc32c({r.data() + kFlags, r.size() - kFlags}));
  return r;
}

std::optional<KeptEvent> decode(std::string_view r) {
  if (r.size() != kRecordOctets || get_field<std::uint32_t>(r, kCrc) != crc32c(r.substr(kFlags))) return std::nullopt;
  const auto flags = get_field<std::uint16_t>(r, kFlags);
  const auto octet = [r](std::size_t at) { return static_cast<std::uint8_t>(r[at]); };
  KeptEvent e;
  e.number = get_field<std::uint64_t>(r, kNumber);
  const auto arrived = valid_time(get_field<std::uint64_t>(r, kArrived)),
             at = valid_time(get_field<std::uint64_t>(r, kTime));
  auto in = text_of(r, kInInterface, kInterfaceOctets), out = text_of(r, kOutInterface, kInterfaceOctets),
       rule = text_of(r, kRule, kRuleOctets), reason = text_of(r, kReason, kReasonOctets);
  if (e.number == 0 || (flags & ~kAllFlags) != 0 || !arrived || !at || !in || !out || !rule || !reason ||
      octet(kVerdict) > static_cast<std::uint8_t>(log::Verdict::log) ||
      octet(kHow) > static_cast<std::uint8_t>(log::How::reject) ||
      octet(kDirection) > static_cast<std::uint8_t>(log::Direction::forward))
    return std::nullopt;
  e.arrived = *arrived;
  e.time.known = (flags & kTimeKnown) != 0;
  if (e.time.known) e.time.at = *at;
  e.time.has_fraction = (flags & kHasFraction) != 0;
  e.time.zone_assumed = (flags & kZoneAssumed) != 0;
  e.time.year_assumed = (flags & kYearAssumed) != 0;
  e.verdict = static_cast<log::Verdict>(octet(kVerdict));
  e.how = static_cast<log::How>(octet(kHow));
  e.direction = static_cast<log::Direction>(octet(kDirection));
  if ((flags & kHasProtocol) != 0) e.protocol = octet(kProtocol);
  if ((flags & kHasTcpFlags) != 0) e.tcp_flags = octet(kTcpFlags);
  if ((flags & kHasSourcePort) != 0) e.source_port = get_field<std::uint16_t>(r, kSourcePort);
  if ((flags & kHasDestinationPort) != 0) e.destination_port = get_field<std::uint16_t>(r, kDestinationPort);
  e.source = address_of(r, kSource, (flags & kSourceKnown) != 0, (flags & kSourceV6) != 0);
  e.destination = address_of(r, kDestination, (flags & kDestinationKnown) != 0, (flags & kDestinationV6) != 0);
  e.in_interface = *std::move(in);
  e.out_interface = *std::move(out);
  e.rule = *std::move(rule);
  e.reason = *std::move(reason);
  return e;
}

log::LogEvent event_of(const KeptEvent& kept) {
  log::LogEvent e;
  e.time = kept.time;
  e.verdict = kept.verdict;
  e.how = kept.how;
  e.direction = kept.direction;
  e.protocol = kept.protocol;
  e.source = kept.source;
  e.destination = kept.destination;
  e.source_port = kept.source_port;
  e.destination_port = kept.destination_port;
  e.tcp_flags = kept.tcp_flags;
  e.in_interface = kept.in_interface;
  e.out_interface = kept.out_interface;
  e.rule = kept.rule;
  e.reason = kept.reason;
  return e;
}

KeptEvent kept_of(const log::LogEvent& event, std::uint64_t number, TimePoint arrived) {
  KeptEvent out;
  out.number = number;
  out.arrived = arrived;
  out.time = event.time;
  out.verdict = event.verdict;
  out.how = event.how;
  out.direction = event.direction;
  out.protocol = event.protocol;
  out.source = event.source;
  out.destination = event.destination;
  out.source_port = event.source_port;
  out.destination_port = event.destination_port;
  out.tcp_flags = event.tcp_flags;
  out.in_interface = event.in_interface;
  out.out_interface = event.out_interface;
  out.rule = event.rule;
  out.reason = event.reason;
  return out;
}

}  // namespace gatepost::gate::watch
