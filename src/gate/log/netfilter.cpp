#include <cstring>

#include "base/ascii.hpp"
#include "gate/log/formats.hpp"
#include "gate/log/stamp.hpp"
#include "gate/log/text.hpp"

// Linux net/netfilter/nf_log_syslog.c writes these lines; ulogd's LOGEMU copies the form.
namespace gatepost::gate::log {

namespace {

// Where "IN=" of the record begins; npos: none. A prefix may stand before it without a blank.
std::size_t find_record(std::string_view message) {
  if (message.empty()) return std::string_view::npos;
  const void* const out = memmem(message.data(), message.size(), " OUT=", 5);
  if (out == nullptr) return std::string_view::npos;
  const auto at = static_cast<std::size_t>(static_cast<const char*>(out) - message.data());
  const std::size_t in = message.rfind("IN=", at);
  if (in == std::string_view::npos) return in;
  return message.substr(in, at - in).find(' ') == std::string_view::npos ? in : std::string_view::npos;
}

// A record that was cut before "OUT=" leaves "IN=" at the beginning of a word.
bool looks_cut(std::string_view message) {
  for (std::size_t at = message.find("IN="); at != std::string_view::npos; at = message.find("IN=", at + 1)) {
    if (at == 0 || !ascii::is_alnum(message[at - 1])) return true;
  }
  return false;
}

std::uint8_t flag_of(std::string_view word) {
  switch (word.size() == 3 ? word[0] : '\0') {
    case 'S':
      return word == "SYN" ? kSyn : 0;
    case 'A':
      return word == "ACK" ? kAck : 0;
    case 'F':
      return word == "FIN" ? kFin : 0;
    case 'R':
      return word == "RST" ? kRst : 0;
    case 'P':
      return word == "PSH" ? kPsh : 0;
    case 'U':
      return word == "URG" ? kUrg : 0;
    case 'C':
      return word == "CWR" ? kCwr : 0;
    case 'E':
      return word == "ECE" ? kEce : 0;
    default:
      return 0;
  }
}

struct NetfilterFields {
  LogEvent& event;
  std::uint8_t flags = 0;
  std::string_view problem;

  bool port(std::string_view value, std::optional<std::uint16_t>& into) {
    into = text::port(value);
    if (!into) problem = "a port that is none";
    return into.has_value();
  }
  bool address(std::string_view value, Address& into) {
    if (into.known) problem = "two records in one line";
    if (into.known) return false;
    if (!text::parse_address(value, into)) problem = "an address that is none";
    return into.known;
  }
  // One word of the record; false: `problem` says what is wrong.
  bool take(std::string_view word);
};

bool NetfilterFields::take(std::string_view word) {
  switch (word.front()) {
    case 'S':
      if (word.starts_with("SRC=")) return address(word.substr(4), event.source);
      if (word.starts_with("SPT=")) return port(word.substr(4), event.source_port);
      break;
    case 'D':
      if (word.starts_with("DST=")) return address(word.substr(4), event.destination);
      if (word.starts_with("DPT=")) return port(word.substr(4), event.destination_port);
      break;
    case 'L':
      // The first is of the packet, UDP's own comes later.
      if (word.starts_with("LEN=") && !event.length) event.length = text::number(word.substr(4), UINT32_MAX);
      break;
    case 'P':
      if (word.starts_with("PROTO=") && !event.protocol) {
        event.protocol = protocol_number(word.substr(6));
        if (!event.protocol) problem = "a protocol that is none";
        return event.protocol.has_value();
      }
      break;
    case 'U':
      // The flags stand before URGP=, all of them when it has been reached.
      if (word.starts_with("URGP=") && event.protocol == 6) event.tcp_flags = flags;
      break;
    default:
      break;
  }
  flags |= flag_of(word);
  return true;
}

}  // namespace

Outcome read_netfilter_message(std::string_view message, Scratch& scratch, LogEvent& event) {
  const std::size_t at = find_record(message);
  if (at == std::string_view::npos) {
    return looks_cut(message) ? damaged("cut after the interface") : Outcome{Kind::skip, "not a netfilter record"};
  }
  std::string_view record = message.substr(at + 3);
  event.in_interface = text::take_until(record, ' ');
  record.remove_prefix(4);  // "OUT=", as find_record() saw
  event.out_interface = text::take_until(record, ' ');

  NetfilterFields fields{.event = event};
  std::string_view last;
  while (!record.empty()) {
    if (record.front() == ' ') {
      record.remove_prefix(1);
      continue;
    }
    if (record.front() == '[') {  // the packet an ICMP error is about, or "INCOMPLETE [8 bytes]"
      text::take_until(record, ']');
      last = {};
      continue;
    }
    const void* const blank = std::memchr(record.data(), ' ', record.size());
    const std::size_t size =
        blank == nullptr ? record.size() : static_cast<std::size_t>(static_cast<const char*>(blank) - record.data());
    const std::string_view word = record.substr(0, size);
    record.remove_prefix(size);
    last = record.empty() ? word : std::string_view();
    if (!fields.take(word)) return damaged(fields.problem);
  }
  if (!event.source.known) return damaged("no source");
  if (!event.destination.known) return damaged("no destination");
  if (!event.protocol) return damaged("no protocol");
  if (event.source.v6 != event.destination.v6) return damaged("addresses of two kinds");
  // Something always follows a port; a line that ends in one may have lost its last digits.
  if (last.starts_with("SPT=") || last.starts_with("DPT=")) return damaged("cut in a port");
  if (last == "PROTO=ICMP" && event.source.v6) return damaged("cut in the protocol");
  if (!event.in_interface.empty()) {
    event.direction = event.out_interface.empty() ? Direction::in : Direction::forward;
  } else if (!event.out_interface.empty()) {
    event.direction = Direction::out;
  }
  read_prefix(message.substr(0, at), scratch, event);
  return kEvent;
}

Outcome read_netfilter(std::string_view line, const Context& context, Scratch& scratch, LogEvent& event) {
  const stamp::Header header = stamp::take_header(line, context);
  event.time = header.time;
  const Outcome outcome = read_netfilter_message(header.message, scratch, event);
  if (outcome.kind == Kind::event && header.damaged) return damaged("a time that cannot be");
  return outcome;
}

}  // namespace gatepost::gate::log
