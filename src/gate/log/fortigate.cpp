#include "base/ascii.hpp"
#include "gate/log/formats.hpp"
#include "gate/log/stamp.hpp"
#include "gate/log/text.hpp"

namespace gatepost::gate::log {

namespace {

// The next key and its value, quoted or not. false: the end, or `broken` when a quote stays open.
bool take_pair(std::string_view& rest, Scratch& scratch, std::string_view& key, std::string_view& value, bool& broken) {
  for (;;) {
    text::skip_blanks(rest);
    if (rest.empty()) return false;
    const std::size_t at = rest.find_first_of(" =");
    if (at == std::string_view::npos) return false;
    key = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    if (rest.data()[-1] == '=') break;  // words of a syslog header have none
  }
  if (!text::take(rest, "\"")) {
    value = rest.substr(0, rest.find(' '));
    rest.remove_prefix(value.size());
    return true;
  }
  const std::size_t plain = rest.find_first_of("\"\\");
  if (plain != std::string_view::npos && rest[plain] == '"') {
    value = rest.substr(0, plain);
    rest.remove_prefix(plain + 1);
    return true;
  }
  const std::size_t begin = scratch.used();
  for (; !rest.empty(); rest.remove_prefix(1)) {
    if (rest.front() == '"') {
      rest.remove_prefix(1);
      value = scratch.since(begin);
      return true;
    }
    if (rest.front() == '\\' && rest.size() > 1) rest.remove_prefix(1);
    scratch.append(rest.front());
  }
  broken = true;
  return false;
}

struct FortigateFields {
  std::string_view type, subtype, action, policy, date, time, zone;
  std::optional<std::uint64_t> eventtime, sent, received;
  std::string_view out_interface;
  bool complete = false;  // something follows what an event needs, so that it was not cut there
  bool ok = true;
};

void take_fortigate_field(std::string_view key, std::string_view value, FortigateFields& fields, LogEvent& event) {
  fields.complete = fields.complete || (event.source.known && event.destination.known && event.protocol &&
                                        !fields.action.empty() && !fields.policy.empty());
  const auto number = [&](std::optional<std::uint64_t>& into) {
    into = text::number(value);
    fields.ok = fields.ok && into;
  };
  const auto port = [&](std::optional<std::uint16_t>& into) {
    into = text::port(value);
    fields.ok = fields.ok && into;
  };
  if (key == "type") fields.type = value;
  if (key == "subtype") fields.subtype = value;
  if (key == "action") fields.action = value;
  if (key == "policyid") fields.policy = value;
  if (key == "date") fields.date = value;
  if (key == "time") fields.time = value;
  if (key == "tz") fields.zone = value;
  if (key == "eventtime") number(fields.eventtime);
  if (key == "srcip") fields.ok = text::parse_address(value, event.source) && fields.ok;
  if (key == "dstip") fields.ok = text::parse_address(value, event.destination) && fields.ok;
  if (key == "srcport") port(event.source_port);
  if (key == "dstport") port(event.destination_port);
  if (key == "srcintf") event.in_interface = value;
  if (key == "dstintf") fields.out_interface = value;
  if (key == "sentbyte") number(fields.sent);
  if (key == "rcvdbyte") number(fields.received);
  if (key == "sentpkt") number(event.packets);
  if (key == "proto") {
    event.protocol = protocol_number(value);
    fields.ok = fields.ok && event.protocol;
  }
}

// eventtime counts seconds in older releases, nanoseconds since 6.2.
bool read_fortigate_time(const FortigateFields& fields, const Context& context, Scratch& scratch, LogEvent& event) {
  if (fields.eventtime) {
    using std::chrono::microseconds;
    const std::uint64_t count = *fields.eventtime;
    if (count < 100'000'000'000) {
      event.time = stamp::from_epoch(std::chrono::seconds(count), false);
    } else if (count < 100'000'000'000'000) {
      event.time = stamp::from_epoch(std::chrono::milliseconds(count), true);
    } else if (count < 100'000'000'000'000'000) {
      event.time = stamp::from_epoch(microseconds(count), true);
    } else {
      event.time = stamp::from_epoch(microseconds(count / 1000), true);
    }
    return true;
  }
  if (fields.date.empty() && fields.time.empty()) return true;
  std::string_view whole = scratch.join(fields.date, " ", fields.time, fields.zone);
  const auto civil = stamp::take_iso(whole);
  const auto found = civil ? stamp::resolve(*civil, context) : std::nullopt;
  if (found) event.time = *found;
  return found.has_value();
}

}  // namespace

Outcome read_fortigate(std::string_view line, const Context& context, Scratch& scratch, LogEvent& event) {
  line = text::trim_end(line);
  if (line.empty()) return {Kind::skip, "an empty line"};
  stamp::drop_priority(line);
  FortigateFields fields;
  std::string_view rest = line, key, value;
  bool broken = false;
  while (take_pair(rest, scratch, key, value, broken)) take_fortigate_field(key, value, fields, event);
  if (fields.type.empty()) {
    const bool ours =
        line.find("devname=") != std::string_view::npos || line.find("eventtime=") != std::string_view::npos;
    return ours ? Outcome{Kind::error, "cut before its type"} : Outcome{Kind::skip, "not a log line of this firewall"};
  }
  if (fields.type != "traffic") return {Kind::skip, "not about traffic"};
  if (broken) return {Kind::error, "a quote that stays open"};
  if (!fields.ok) return {Kind::error, "a field that does not hold what it should"};
  if (!fields.complete) return {Kind::error, "fields are missing"};
  if (!read_fortigate_time(fields, context, scratch, event)) return {Kind::error, "a time that cannot be"};
  if (fields.subtype == "forward") event.direction = Direction::forward;
  if (fields.subtype == "local") event.direction = Direction::in;
  // To the firewall itself: what it names then is no interface.
  if (fields.subtype != "local") event.out_interface = fields.out_interface;
  if (fields.action == "deny") {
    event.verdict = Verdict::deny;
    event.how = How::drop;
  } else if (fields.action == "accept") {
    event.verdict = Verdict::allow;
  } else {
    event.verdict = Verdict::close;
    event.reason = fields.action;
  }
  if (fields.sent || fields.received) event.length = fields.sent.value_or(0) + fields.received.value_or(0);
  if (!has_ports(*event.protocol)) event.source_port = event.destination_port = std::nullopt;
  event.rule = scratch.join("policy:", fields.policy);
  return {Kind::event, ""};
}

}  // namespace gatepost::gate::log
