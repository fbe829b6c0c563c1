#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/date.hpp"
#include "base/ip.hpp"

// Firewall logs of many products as one kind of event. Pure: octets in, values out.
namespace gatepost::gate::log {

enum class Verdict : std::uint8_t {
  allow,
  deny,
  close,
  log
};  // log: seen, and the line does not say what became of it
enum class How : std::uint8_t { unknown, drop, reject };  // how a deny was done
enum class Direction : std::uint8_t { unknown, in, out, forward };

// When it happened, and how far that can be trusted.
struct Stamp {
  TimePoint at{};
  bool known = false;
  bool has_fraction = false;  // the line had parts of a second
  bool zone_assumed = false;  // the line names no zone: Context::utc_offset_minutes was taken
  bool year_assumed = false;  // the line names no year
};

// An address as the line has it; IpAddress alone cannot tell 192.0.2.1 from ::ffff:192.0.2.1.
struct Address {
  IpAddress ip;
  bool known = false;
  bool v6 = false;
  std::string to_string() const;  // RFC 5952; "" when not known
};

// Control bits of TCP as they lie in its header (RFC 9293 3.1).
enum TcpFlag : std::uint8_t { kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16, kUrg = 32, kEce = 64, kCwr = 128 };

// What one line says. An optional without value, an empty view: the line does not say. Views point into the line or
// into the reader and are good until it is given the next line; they hold whatever octets the log holds, control
// characters included: print them with print.hpp.
struct LogEvent {
  Stamp time;
  Verdict verdict = Verdict::log;
  How how = How::unknown;
  Direction direction = Direction::unknown;
  std::optional<std::uint8_t> protocol;  // IANA protocol number
  Address source, destination;
  std::optional<std::uint16_t> source_port, destination_port;
  std::optional<std::uint8_t> tcp_flags;
  std::optional<std::uint64_t> length;  // octets: of the packet, or of the flow where the line counts one
  std::optional<std::uint64_t> packets;
  std::string_view in_interface, out_interface;
  std::string_view rule;        // "gatepost:imaps", "ufw:block", "acl:outside_in", or the bare prefix of the rule
  std::string_view reason;      // "rate-limit", "SYN Timeout"
  std::string_view connection;  // the firewall's number of the connection, to join its beginning and end
};

// What a line alone cannot tell.
struct Context {
  int utc_offset_minutes = 0;          // local time of stamps without a zone, east of UTC
  int reference_year = 0;              // for stamps without a year; 0: chosen by `now`
  std::optional<TimePoint> now;        // stamps without a year lie at most a day after this
  std::optional<TimePoint> boot_time;  // what the kernel's time stamps count from
};

enum class Kind : std::uint8_t {
  event,
  skip,   // a header, an empty line, another message
  gap,    // records were lost here
  error,  // damaged: reported, never guessed
};

// One line's meaning. `why` explains everything but an event; a gap may have event.time.
struct Item {
  Kind kind = Kind::skip;
  std::uint64_t line = 0;  // from 1
  std::string_view why;
  LogEvent event;
};

std::string_view to_string(Verdict);
std::string_view to_string(How);        // "" for unknown
std::string_view to_string(Direction);  // "" for unknown
std::string_view to_string(Kind);

// "tcp", "icmpv6"; numbers without a common name as digits.
std::string protocol_name(std::uint8_t number);
// Name in any case, or digits.
std::optional<std::uint8_t> protocol_number(std::string_view name);
bool has_ports(std::uint8_t protocol);
// "ACK,SYN": sorted by name.
std::string flag_names(std::uint8_t flags);

}  // namespace gatepost::gate::log
