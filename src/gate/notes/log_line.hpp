#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/date.hpp"
#include "base/ip.hpp"

namespace gatepost::gate::notes {

// A line of the server's own log, read back (base/log.hpp writes it): "2026-11-24T08:35:18.123Z info smtp.accepted
// conn=4f2a from=a@b".
struct LogLine {
  TimePoint time{};
  std::string level, name;
  std::vector<std::pair<std::string, std::string>> fields;  // values as they were before they were quoted

  std::string_view field(std::string_view key) const;  // "" when there is none
  // Who was at the other end, from the field "remote"; nullopt: the line does not say.
  std::optional<IpAddress> remote() const;
};

// What stands before the time (a collector's own stamp and host name) is passed over. nullopt: no line of ours. At most
// kMaxFields fields are kept.
std::optional<LogLine> read_log_line(std::string_view line);
inline constexpr std::size_t kMaxFields = 32;

// "192.0.2.1", "192.0.2.1:25", "[2001:db8::1]:25", "2001:db8::1".
std::optional<IpAddress> address_in(std::string_view text);

}  // namespace gatepost::gate::notes
