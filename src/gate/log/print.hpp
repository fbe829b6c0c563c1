#pragma once

#include <string>
#include <string_view>

#include "gate/log/event.hpp"

namespace gatepost::gate::log {

// `text` so that a terminal shows it and obeys nothing in it: control characters (C0, C1), what turns the direction of
// writing (UAX #9) and octets that are no UTF-8 become \xNN or \u{N}, a backslash is doubled.
std::string for_terminal(std::string_view text);
// "\"...\"", with octets that are no UTF-8 replaced (RFC 8259 7, 8.1).
void append_json_string(std::string& out, std::string_view text);

// "2026-11-09T06:17:39.167456Z", without a fraction when the line had none; "" when the time is not known.
std::string format_time(const Stamp& stamp);
// One line for people, without its end:
// "2026-11-09T06:15:44Z deny/drop in tcp 203.0.113.9:58136 > 198.51.100.25:143 eth0 iptables-drop [ACK,FIN] 60 octets"
std::string format_text(const Item& item);
// One object without line ends. Keys whose value the line does not say are left out.
std::string format_json(const Item& item);

}  // namespace gatepost::gate::log
