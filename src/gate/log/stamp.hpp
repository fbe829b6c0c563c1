#pragma once

#include <optional>
#include <string_view>

#include "gate/log/event.hpp"

// The time stamps log lines begin with. Each take_*() drops what it read from the front of `rest` and leaves it alone
// when something else stands there.
namespace gatepost::gate::log::stamp {

// A date and a time of day as written.
struct Civil {
  int year = 0;  // 0: not written
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
  unsigned microsecond = 0;
  bool has_fraction = false;
  std::optional<int> zone_minutes;  // east of UTC, when written
};

// "2026-11-09T06:17:39.167456+00:00"; a blank for the T, a comma before the fraction (dmesg), "+0000", "Z" and no zone
// at all are read too, and "2026/11/09 ...".
std::optional<Civil> take_iso(std::string_view& rest);
// "Nov  9 06:15:44", "Nov 09 2026 07:40:15", "Nov 09 06:15:44.123456" (RFC 3164 4.1.2 and what is made of it).
std::optional<Civil> take_bsd(std::string_view& rest);
// The kernel's "[18376.584000] ", with the thread's "[  T12] " where it is printed.
std::optional<std::chrono::microseconds> take_uptime(std::string_view& rest);

// No such date, or no year to be had: nullopt.
std::optional<Stamp> resolve(const Civil& civil, const Context& context);
Stamp since_boot(std::chrono::microseconds uptime, const Context& context);
// Not known when it is beyond the year 2199.
Stamp from_epoch(std::chrono::microseconds since_1970, bool has_fraction);

// Drops "<13>".
void drop_priority(std::string_view& rest);

// What precedes a message in syslog, the journal's and dmesg's text: stamp, host, "kernel:", uptime. Whichever is not
// there is passed over.
struct Header {
  Stamp time;
  std::string_view host;
  bool damaged = false;      // a stamp that names no possible time
  std::string_view message;  // the rest
};
Header take_header(std::string_view line, const Context& context);

}  // namespace gatepost::gate::log::stamp
