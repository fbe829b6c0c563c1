#include "base/ascii.hpp"
#include "gate/log/formats.hpp"
#include "gate/log/stamp.hpp"
#include "gate/log/text.hpp"

namespace gatepost::gate::log {

namespace {

// The stamp before "rule": tcpdump -tttt, OpenBSD's date without a year, tcpdump -tt. A bare time of day names no day.
bool read_pf_time(std::string_view before, const Context& context, LogEvent& event) {
  before = text::trim_end(before);
  auto civil = stamp::take_iso(before);
  if (!civil) civil = stamp::take_bsd(before);
  if (civil) {
    const auto found = stamp::resolve(*civil, context);
    if (found) event.time = *found;
    return found.has_value();
  }
  const std::size_t dot = before.find('.');
  const auto seconds = text::number(before.substr(0, dot), 99'999'999'999);
  if (!seconds) return true;
  const auto micros = dot == std::string_view::npos ? std::nullopt : text::number(before.substr(dot + 1), 999'999);
  event.time = stamp::from_epoch(std::chrono::seconds(*seconds) + std::chrono::microseconds(micros.value_or(0)),
                                 micros.has_value());
  return true;
}

// "203.0.113.9.61264", "2001:db8::5.58510", or without a port: tcpdump puts it after a last dot.
bool read_pf_end(std::string_view word, Address& address, std::optional<std::uint16_t>& port) {
  const bool v6 = word.find(':') != std::string_view::npos;
  std::size_t dots = 0;
  for (const char c : word) dots += c == '.' ? 1 : 0;
  const bool has_port = v6 ? dots == 1 || dots == 4 : dots == 4;
  if (!has_port) return text::parse_address(word, address);
  const std::size_t last = word.rfind('.');
  port = text::port(word.substr(last + 1));
  return port.has_value() && text::parse_address(word.substr(0, last), address);
}

// "S", "S.", "none" (tcpdump(8), OUTPUT FORMAT).
bool read_pf_flags(std::string_view letters, LogEvent& event) {
  std::uint8_t flags = 0;
  if (letters != "none") {
    for (const char c : letters) {
      constexpr std::string_view kLetters = "FSRP.UEW";  // in the order of the bits
      const std::size_t bit = kLetters.find(c);
      if (bit == std::string_view::npos) return false;
      flags |= static_cast<std::uint8_t>(1U << bit);
    }
  }
  event.tcp_flags = flags;
  return true;
}

// The older text: "S 1441020306:1441020306(0) win 64240", ". ack 1 win 5".
bool read_old_tcp(std::string_view rest, LogEvent& event) {
  std::string_view letters = text::take_word(rest);
  const std::string_view second = text::take_word(rest);
  const bool numbers = second.find(':') != std::string_view::npos && second.ends_with(')');
  if (letters.empty() || (!numbers && second != "ack" && second != "win")) return false;
  if (!read_pf_flags(letters, event)) return false;
  if (second == "ack" || text::take_word(rest) == "ack") *event.tcp_flags |= kAck;
  event.protocol = 6;
  return true;
}

// What follows the addresses. Traffic that tcpdump decodes further (DNS on 53) names no protocol.
bool read_protocol(std::string_view rest, LogEvent& event) {
  text::skip_blanks(rest);
  if (text::take(rest, "Flags [")) {
    event.protocol = 6;
    const std::size_t end = rest.find(']');
    return end != std::string_view::npos && read_pf_flags(rest.substr(0, end), event);
  }
  if (ascii::istarts_with(rest, "udp")) {
    event.protocol = 17;
  } else if (ascii::istarts_with(rest, "icmp6")) {
    event.protocol = 58;
  } else if (ascii::istarts_with(rest, "icmp")) {
    event.protocol = 1;
  } else if (!read_old_tcp(rest, event)) {
    event.tcp_flags.reset();
  }
  return true;
}

}  // namespace

Outcome read_pf(std::string_view line, const Context& context, Scratch& scratch, LogEvent& event) {
  line = text::trim_end(line);
  if (line.empty()) return {Kind::skip, "an empty line"};
  const std::size_t at = line.starts_with("rule ") ? 0 : line.find(" rule ");
  if (at == std::string_view::npos) return {Kind::skip, "no rule"};
  std::string_view rest = line.substr(at == 0 ? 5 : at + 6);
  std::string_view rule = text::take_word(rest);  // "2.gatepost.0/0(match):", "8/(match)", "0..16777216/0(match):"
  const std::size_t slash = rule.find('/');
  if (slash == std::string_view::npos || slash == 0) return {Kind::skip, "no rule"};
  rule = rule.substr(0, slash);
  rule = rule.substr(0, rule.find(".."));
  if (!read_pf_time(line.substr(0, at), context, event)) return damaged("a time that cannot be");

  std::string_view action = text::take_word(rest);
  if (action.starts_with('[')) {  // OpenBSD: "[uid 0, pid 123]"
    text::take_until(rest, ']');
    action = text::take_word(rest);
  }
  if (action == "block") event.verdict = Verdict::deny;
  if (action == "pass") event.verdict = Verdict::allow;
  const std::string_view way = text::take_word(rest);
  if (way == "in") event.direction = Direction::in;
  if (way == "out") event.direction = Direction::out;
  if (event.direction == Direction::unknown || text::take_word(rest) != "on") return damaged("no direction");
  std::string_view interface = text::take_word(rest);
  if (!interface.ends_with(':')) return damaged("no interface");
  interface.remove_suffix(1);
  (event.direction == Direction::in ? event.in_interface : event.out_interface) = interface;

  text::skip_blanks(rest);
  if (rest.starts_with('(')) return damaged("tcpdump -v puts the addresses on a line of their own: leave it out");
  text::take(rest, "IP6 ") || text::take(rest, "IP ");
  if (!read_pf_end(text::take_word(rest), event.source, event.source_port)) {
    return damaged("no source: tcpdump -n writes numbers");
  }
  if (text::take_word(rest) != ">") return damaged("no destination");
  std::string_view destination = text::take_word(rest);
  if (!destination.ends_with(':')) return damaged("cut after the addresses");
  destination.remove_suffix(1);
  if (!read_pf_end(destination, event.destination, event.destination_port)) {
    return damaged("no destination: tcpdump -n writes numbers");
  }
  if (!read_protocol(rest, event)) return damaged("TCP flags that are none");
  event.rule = scratch.join("pf:", rule);
  return {Kind::event, ""};
}

}  // namespace gatepost::gate::log
