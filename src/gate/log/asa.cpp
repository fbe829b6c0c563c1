#include "base/ascii.hpp"
#include "gate/log/formats.hpp"
#include "gate/log/stamp.hpp"
#include "gate/log/text.hpp"

// Cisco Secure Firewall ASA Series Syslog Messages; each function reads the form it shows.
namespace gatepost::gate::log {

namespace {

void deny(LogEvent& event) {
  event.verdict = Verdict::deny;
  event.how = How::drop;
}

// Drops "(mapped address)" and "(user)".
void skip_parentheses(std::string_view& rest) {
  for (;;) {
    std::string_view ahead = rest;
    text::skip_blanks(ahead);
    if (!ahead.starts_with('(')) return;
    const std::size_t end = ahead.find(')');
    if (end == std::string_view::npos) return;
    ahead.remove_prefix(end + 1);
    rest = ahead;
  }
}

// "203.0.113.9/52072", "2001:db8::5/52072", without a port for ICMP. A user's name in parentheses may follow at once.
bool read_host(std::string_view word, Address& address, std::optional<std::uint16_t>& port) {
  word = word.substr(0, word.find('('));
  const std::size_t slash = word.rfind('/');
  if (slash == std::string_view::npos) return text::parse_address(word, address);
  port = text::port(word.substr(slash + 1));
  return port && text::parse_address(word.substr(0, slash), address);
}

// The front of `rest` up to the first blank or parenthesis.
std::string_view take_host(std::string_view& rest) {
  text::skip_blanks(rest);
  const std::size_t end = rest.find_first_of(" (");
  const std::string_view host = rest.substr(0, end);
  rest.remove_prefix(host.size());
  return host;
}

struct End {
  std::string_view interface;
  Address address;
  std::optional<std::uint16_t> port;
};

// "outside:203.0.113.9/52072 (203.0.113.9/52072)"
bool read_asa_end(std::string_view& rest, End& end) {
  const std::string_view word = take_host(rest);
  const std::size_t colon = word.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  end.interface = word.substr(0, colon);
  return read_host(word.substr(colon + 1), end.address, end.port);
}

void set_ends(const End& source, const End& destination, LogEvent& event) {
  event.in_interface = source.interface;
  event.out_interface = destination.interface;
  event.source = source.address;
  event.destination = destination.address;
  event.source_port = source.port;
  event.destination_port = destination.port;
}

// 106023: Deny tcp src outside:A/P dst dmz:B/Q [(type 8, code 0)] by access-group "outside_in" [0x0, 0x0]
Outcome read_denied_by_list(std::string_view rest, Scratch& scratch, LogEvent& event) {
  if (!text::take(rest, "Deny ")) return damaged("not a denial");
  text::take(rest, "protocol ");
  event.protocol = protocol_number(text::take_word(rest));
  End source, destination;
  if (text::take_word(rest) != "src" || !read_asa_end(rest, source)) return damaged("no source");
  skip_parentheses(rest);
  if (text::take_word(rest) != "dst" || !read_asa_end(rest, destination)) return damaged("no destination");
  const std::size_t name = rest.find("by access-group \"");
  if (name == std::string_view::npos) return damaged("no access list");
  rest.remove_prefix(name + 17);
  const std::size_t end = rest.find('"');
  if (end == std::string_view::npos) return damaged("no access list");
  event.rule = scratch.join("acl:", rest.substr(0, end));
  set_ends(source, destination, event);
  event.direction = Direction::forward;
  deny(event);
  return kEvent;
}

// "outside/203.0.113.9(46027)", a user's name in parentheses after it
bool read_list_end(std::string_view& rest, End& end, bool ports) {
  const std::string_view word = take_host(rest);
  const std::size_t slash = word.find('/');
  if (slash == std::string_view::npos || slash == 0 || !text::parse_address(word.substr(slash + 1), end.address)) {
    return false;
  }
  end.interface = word.substr(0, slash);
  if (!text::take(rest, "(")) return false;
  const std::size_t close = rest.find(')');
  if (close == std::string_view::npos) return false;
  if (ports) {
    end.port = text::port(rest.substr(0, close));
    if (!end.port) return false;
  }
  rest.remove_prefix(close + 1);
  skip_parentheses(rest);
  return true;
}

// 106100: access-list outside_in denied tcp outside/A(P) -> dmz/B(Q) hit-cnt 3 300-second interval [0x.., 0x0]
Outcome read_list_hit(std::string_view rest, Scratch& scratch, LogEvent& event) {
  if (!text::take(rest, "access-list ")) return damaged("no access list");
  event.rule = scratch.join("acl:", text::take_word(rest));
  const std::string_view verdict = text::take_word(rest);
  if (verdict == "denied") {
    deny(event);
  } else if (verdict == "permitted" || verdict == "est-allowed") {
    event.verdict = Verdict::allow;
  } else {
    return damaged("neither permitted nor denied");
  }
  event.protocol = protocol_number(text::take_word(rest));
  const bool ports = event.protocol && has_ports(*event.protocol);
  End source, destination;
  if (!read_list_end(rest, source, ports)) return damaged("no source");
  if (text::take_word(rest) != "->" || !read_list_end(rest, destination, ports)) return damaged("no destination");
  if (text::take_word(rest) != "hit-cnt") return damaged("no hit count");
  event.packets = text::number(text::take_word(rest));
  // "first hit" or the interval follows: without it the count may have lost digits.
  if (!event.packets || rest.empty()) return damaged("no hit count");
  set_ends(source, destination, event);
  event.direction = Direction::forward;
  return kEvent;
}

// 106015: Deny TCP (no connection) from A/P to B/Q flags RST ACK on interface outside
// 106001: Inbound TCP connection denied from A/P to B/Q flags SYN on interface outside
// 106006: Deny inbound UDP from A/P to B/Q [due to ...] on interface outside
Outcome read_denied_at_interface(std::string_view rest, std::string_view number, LogEvent& event) {
  event.protocol = number == "106006" ? 17 : 6;
  if (number == "106015") {
    const std::size_t open = rest.find('('), close = rest.find(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) return damaged("no reason");
    event.reason = rest.substr(open + 1, close - open - 1);
    rest.remove_prefix(close + 1);
  }
  const std::size_t from = rest.find("from ");
  if (from == std::string_view::npos) return damaged("no source");
  rest.remove_prefix(from + 5);
  if (!read_host(text::take_word(rest), event.source, event.source_port)) return damaged("no source");
  if (text::take_word(rest) != "to" || !read_host(text::take_word(rest), event.destination, event.destination_port)) {
    return damaged("no destination");
  }
  const std::size_t on = rest.find(" on interface ");
  if (on == std::string_view::npos) return damaged("no interface");
  std::string_view words = rest.substr(0, on);
  rest.remove_prefix(on + 14);
  event.in_interface = text::take_word(rest);
  if (event.in_interface.empty()) return damaged("no interface");
  if (text::take_word(words) == "flags") {
    std::uint8_t flags = 0;
    static constexpr std::array<std::pair<std::string_view, TcpFlag>, 6> kNames = {
        {{"SYN", kSyn}, {"ACK", kAck}, {"FIN", kFin}, {"RST", kRst}, {"PSH", kPsh}, {"URG", kUrg}}};
    for (std::string_view word = text::take_word(words); !word.empty(); word = text::take_word(words)) {
      for (const auto& [name, bit] : kNames) {
        if (word == name) flags |= bit;
      }
    }
    event.tcp_flags = flags;
  }
  event.direction = Direction::in;
  deny(event);
  return kEvent;
}

// 302013, 302015: Built inbound TCP connection 418246 for outside:A/P (A/P) to dmz:B/Q (B/Q)
Outcome read_built(std::string_view rest, LogEvent& event) {
  if (!text::take(rest, "Built ")) return damaged("not a connection");
  const std::string_view way = text::take_word(rest);
  event.protocol = protocol_number(text::take_word(rest));
  if (text::take_word(rest) != "connection") return damaged("not a connection");
  event.connection = text::take_word(rest);
  End first, second;
  if (text::take_word(rest) != "for" || !read_asa_end(rest, first)) return damaged("no source");
  skip_parentheses(rest);
  if (text::take_word(rest) != "to" || !read_asa_end(rest, second)) return damaged("no destination");
  // The address it is mapped to always follows.
  text::skip_blanks(rest);
  if (rest.empty()) return damaged("cut after the addresses");
  if (way != "inbound" && way != "outbound") return damaged("no direction");
  // Whoever opened the connection comes first, except in this message: here the lower security level does.
  way == "inbound" ? set_ends(first, second, event) : set_ends(second, first, event);
  event.direction = Direction::forward;
  event.verdict = Verdict::allow;
  return kEvent;
}

// 302014, 302016: Teardown TCP connection 418247 for outside:A/P to dmz:B/Q duration 0:00:30 bytes 0 SYN Timeout (user)
Outcome read_teardown(std::string_view rest, LogEvent& event) {
  if (!text::take(rest, "Teardown ")) return damaged("not a connection");
  event.protocol = protocol_number(text::take_word(rest));
  if (text::take_word(rest) != "connection") return damaged("not a connection");
  event.connection = text::take_word(rest);
  End first, second;
  if (text::take_word(rest) != "for" || !read_asa_end(rest, first)) return damaged("no source");
  skip_parentheses(rest);
  if (text::take_word(rest) != "to" || !read_asa_end(rest, second)) return damaged("no destination");
  skip_parentheses(rest);
  if (text::take_word(rest) != "duration") return damaged("no duration");
  text::take_word(rest);
  if (text::take_word(rest) != "bytes") return damaged("no count of octets");
  event.length = text::number(text::take_word(rest));
  if (!event.length) return damaged("no count of octets");
  text::skip_blanks(rest);
  rest = text::trim_end(rest);
  if (rest.ends_with(')')) {
    const std::size_t open = rest.rfind('(');
    if (open != std::string_view::npos) rest = text::trim_end(rest.substr(0, open));
  }
  event.reason = rest;
  set_ends(first, second, event);
  event.direction = Direction::forward;
  event.verdict = Verdict::close;
  return kEvent;
}

// The stamp may be the firewall's own, with or without a host, or a collector's.
bool read_asa_time(std::string_view header, const Context& context, LogEvent& event) {
  stamp::drop_priority(header);
  text::skip_blanks(header);
  text::take(header, "1 ");
  auto civil = stamp::take_bsd(header);
  if (!civil) civil = stamp::take_iso(header);
  if (!civil) return true;
  // "logging timestamp" with a zone: "Nov 09 2026 07:40:15 UTC:"
  std::string_view zone = text::take_word(header);
  if (zone.ends_with(':')) zone.remove_suffix(1);
  if (zone == "UTC" || zone == "GMT") civil->zone_minutes = 0;
  const auto found = stamp::resolve(*civil, context);
  if (found) event.time = *found;
  return found || (civil->year == 0 && context.reference_year == 0 && !context.now);
}

}  // namespace

Outcome read_asa(std::string_view line, const Context& context, Scratch& scratch, LogEvent& event) {
  line = text::trim_end(line);
  if (line.empty()) return {Kind::skip, "an empty line"};
  std::size_t at = line.find("%ASA-");
  if (at == std::string_view::npos) at = line.find("%FTD-");
  if (at == std::string_view::npos) return {Kind::skip, "not a message of the firewall"};
  std::string_view rest = line.substr(at + 5);
  text::take_until(rest, '-');  // the severity
  const std::string_view number = text::take_until(rest, ':');
  text::skip_blanks(rest);

  Outcome outcome{Kind::skip, "not about traffic"};
  if (number == "106023") outcome = read_denied_by_list(rest, scratch, event);
  if (number == "106100") outcome = read_list_hit(rest, scratch, event);
  if (number == "106015" || number == "106001" || number == "106006") {
    outcome = read_denied_at_interface(rest, number, event);
  }
  if (number == "302013" || number == "302015") outcome = read_built(rest, event);
  if (number == "302014" || number == "302016") outcome = read_teardown(rest, event);
  if (outcome.kind != Kind::event) return outcome;
  if (!event.protocol) return damaged("a protocol that is none");
  if (!read_asa_time(line.substr(0, at), context, event)) return damaged("a time that cannot be");
  return outcome;
}

}  // namespace gatepost::gate::log
