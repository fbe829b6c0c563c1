#include <array>

#include "base/ascii.hpp"
#include "gate/log/formats.hpp"
#include "gate/log/stamp.hpp"
#include "gate/log/text.hpp"

namespace gatepost::gate::log {

namespace {

// Positions in a TRAFFIC record (PAN-OS, Traffic Log Fields).
enum Position : std::size_t {
  kType = 3,
  kSubtype = 4,
  kGenerated = 6,
  kSource = 7,
  kDestination = 8,
  kRule = 11,
  kInInterface = 18,
  kOutInterface = 19,
  kSourcePort = 24,
  kDestinationPort = 25,
  kProtocol = 29,
  kAction = 30,
  kBytes = 31,
  kPackets = 34,
  kEndReason = 46,
  kNeeded = 48,  // one more than is read: a record that ends in the reason may have been cut there
};

// One field of RFC 4180 text; a quoted one may hold commas and doubled quotes. false: a quote stays open.
bool take_csv_field(std::string_view& rest, Scratch& scratch, std::string_view& field) {
  if (!rest.starts_with('"')) {
    field = text::take_until(rest, ',');
    return true;
  }
  rest.remove_prefix(1);
  std::size_t quote = rest.find('"');
  if (quote == std::string_view::npos) return false;
  if (quote + 1 >= rest.size() || rest[quote + 1] != '"') {
    field = rest.substr(0, quote);
    rest.remove_prefix(quote + 1);
  } else {
    const std::size_t begin = scratch.used();
    for (;;) {
      quote = rest.find('"');
      if (quote == std::string_view::npos) return false;
      scratch.append(rest.substr(0, quote));
      rest.remove_prefix(quote + 1);
      if (!text::take(rest, "\"")) break;
      scratch.append('"');
    }
    field = scratch.since(begin);
  }
  if (!rest.empty()) text::take(rest, ",");
  return true;
}

bool read_paloalto_action(std::string_view action, std::string_view subtype, LogEvent& event) {
  if (action == "allow") {
    event.verdict = subtype == "end" ? Verdict::close : Verdict::allow;
    return true;
  }
  event.verdict = Verdict::deny;
  if (action.starts_with("drop")) {
    event.how = How::drop;
  } else if (action.starts_with("reset-")) {
    event.how = How::reject;
  }
  return action == "deny" || event.how != How::unknown;
}

}  // namespace

Outcome read_paloalto(std::string_view line, const Context& context, Scratch& scratch, LogEvent& event) {
  line = text::trim_end(line);
  if (line.empty()) return {Kind::skip, "an empty line"};
  std::array<std::string_view, kNeeded> fields;
  std::string_view rest = line;
  std::size_t count = 0;
  while (count < kNeeded && !rest.empty()) {
    if (!take_csv_field(rest, scratch, fields[count])) return {Kind::error, "a quote that stays open"};
    ++count;
  }
  if (count <= kType) return {Kind::skip, "not a record of this firewall"};
  if (fields[kType] != "TRAFFIC") return {Kind::skip, "not about traffic"};
  if (count < kNeeded) return {Kind::error, "fields are missing"};

  if (!text::parse_address(fields[kSource], event.source)) return {Kind::error, "no source"};
  if (!text::parse_address(fields[kDestination], event.destination)) return {Kind::error, "no destination"};
  event.protocol = protocol_number(fields[kProtocol]);
  if (!event.protocol) return {Kind::error, "a protocol that is none"};
  if (has_ports(*event.protocol)) {
    event.source_port = text::port(fields[kSourcePort]);
    event.destination_port = text::port(fields[kDestinationPort]);
    if (!event.source_port || !event.destination_port) return {Kind::error, "a port that is none"};
  }
  if (!read_paloalto_action(fields[kAction], fields[kSubtype], event)) return {Kind::error, "an unknown action"};
  event.length = text::number(fields[kBytes]);
  event.packets = text::number(fields[kPackets]);
  std::string_view generated = fields[kGenerated];
  const auto civil = stamp::take_iso(generated);
  const auto found = civil ? stamp::resolve(*civil, context) : std::nullopt;
  if (!found) return {Kind::error, "a time that cannot be"};
  event.time = *found;
  event.direction = Direction::forward;
  event.in_interface = fields[kInInterface];
  event.out_interface = fields[kOutInterface];
  event.rule = scratch.join("rule:", fields[kRule]);
  if (fields[kEndReason] != "n/a") event.reason = fields[kEndReason];
  return {Kind::event, ""};
}

}  // namespace gatepost::gate::log
