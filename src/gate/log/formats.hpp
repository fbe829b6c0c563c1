#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "gate/log/event.hpp"

// One reader a format. Each fills `event`, which is given to it empty, and says what the line was. They keep nothing
// between lines but what the format itself says at the head of a file.
namespace gatepost::gate::log {

struct Outcome {
  Kind kind = Kind::skip;
  std::string_view why;  // a literal
};
inline constexpr Outcome kEvent{Kind::event, ""};
inline constexpr Outcome damaged(std::string_view why) { return {Kind::error, why}; }

// Room for texts that do not stand in the line as they are wanted: put together, or freed of escapes. What does not
// fit is cut. Good until clear().
class Scratch {
 public:
  void clear() { used_ = 0; }
  // The parts one after the other.
  template <class... Parts>
  std::string_view join(Parts... parts) {
    const std::size_t begin = used_;
    (append(std::string_view(parts)), ...);
    return {room_.data() + begin, used_ - begin};
  }
  void append(std::string_view part) {
    const std::size_t take = part.size() < room_.size() - used_ ? part.size() : room_.size() - used_;
    for (std::size_t i = 0; i < take; ++i) room_[used_++] = part[i];
  }
  void append(char c) { append(std::string_view(&c, 1)); }
  std::size_t used() const { return used_; }
  std::string_view since(std::size_t begin) const { return {room_.data() + begin, used_ - begin}; }

 private:
  std::array<char, 4096> room_;
  std::size_t used_ = 0;
};

// What a log rule's prefix tells: verdict, how, rule, reason. Kernel lines say nothing else about what became of a
// packet.
void read_prefix(std::string_view prefix, Scratch& scratch, LogEvent& event);

// netfilter's LOG target and nftables' log statement, in whatever the kernel's messages went through: dmesg, syslog,
// the journal; also ufw, firewalld and ulogd's LOGEMU.
Outcome read_netfilter(std::string_view line, const Context& context, Scratch& scratch, LogEvent& event);
// The same without what precedes the message; event.time is the caller's.
Outcome read_netfilter_message(std::string_view message, Scratch& scratch, LogEvent& event);

// ulogd's JSON, one object a line.
Outcome read_ulogd_json(std::string_view line, const Context& context, Scratch& scratch, LogEvent& event);

// Windows' pfirewall.log. The columns are those of the last "#Fields:" line.
class WindowsReader {
 public:
  Outcome read(std::string_view line, const Context& context, LogEvent& event);

 private:
  enum class Column : std::uint8_t {
    other,
    date,
    time,
    action,
    protocol,
    source,
    destination,
    source_port,
    destination_port,
    size,
    flags,
    path
  };
  static constexpr std::size_t kMaxColumns = 32;
  Outcome read_directive(std::string_view line);
  std::array<Column, kMaxColumns> columns_{};
  std::size_t count_ = 0;
  bool utc_ = false;
};

// pf, as tcpdump prints pflog: FreeBSD's and today's text, and OpenBSD's older one.
Outcome read_pf(std::string_view line, const Context& context, Scratch& scratch, LogEvent& event);

// AWS VPC flow logs. The columns are those of the last header line, else version 2's.
class AwsReader {
 public:
  AwsReader();
  Outcome read(std::string_view line, LogEvent& event);

 private:
  enum class Column : std::uint8_t {
    other,
    source,
    destination,
    source_port,
    destination_port,
    protocol,
    packets,
    bytes,
    start,
    action,
    status,
    direction,
    flags
  };
  static constexpr std::size_t kMaxColumns = 64;
  static bool is_header(std::string_view line);
  void read_header(std::string_view line);
  std::array<Column, kMaxColumns> columns_{};
  std::size_t count_ = 0;
};

// Cisco ASA and FTD: 106001, 106006, 106015, 106023, 106100, 302013 to 302016.
Outcome read_asa(std::string_view line, const Context& context, Scratch& scratch, LogEvent& event);

// FortiGate's key=value traffic log.
Outcome read_fortigate(std::string_view line, const Context& context, Scratch& scratch, LogEvent& event);

// PAN-OS TRAFFIC records (CSV), bare or after a syslog header.
Outcome read_paloalto(std::string_view line, const Context& context, Scratch& scratch, LogEvent& event);

}  // namespace gatepost::gate::log
