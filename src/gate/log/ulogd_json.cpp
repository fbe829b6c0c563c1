#include <array>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "gate/log/formats.hpp"
#include "gate/log/stamp.hpp"
#include "gate/log/text.hpp"

namespace gatepost::gate::log {

namespace {

constexpr std::size_t kMaxDepth = 16;

// Walks one flat JSON object (RFC 8259); what is nested is passed over without recursion.
class Walker {
 public:
  Walker(std::string_view text, Scratch& scratch) : rest_(text), scratch_(scratch) {}

  bool open() { return take('{'); }
  // The next member. false: the object has ended, or ok() is false. `value` is a string's content or a number as it
  // stands; "" for anything else.
  bool next(std::string_view& key, std::string_view& value);
  bool ok() const { return ok_; }
  // The object was closed and nothing follows it.
  bool complete() {
    blanks();
    return ok_ && ended_ && rest_.empty();
  }

 private:
  void blanks() {
    while (!rest_.empty() && ascii::is_space(rest_.front())) rest_.remove_prefix(1);
  }
  bool take(char c) {
    blanks();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool string(std::string_view& into);
  bool escape();
  bool hex(unsigned& value);
  bool scalar(std::string_view& into);
  bool nested();
  bool broken() {
    ok_ = false;
    return false;
  }

  std::string_view rest_;
  Scratch& scratch_;
  bool ok_ = true, ended_ = false, first_ = true;
};

bool Walker::next(std::string_view& key, std::string_view& value) {
  if (take('}')) {
    ended_ = true;
    return false;
  }
  if (!first_ && !take(',')) return broken();
  first_ = false;
  blanks();
  if (!string(key) || !take(':')) return broken();
  blanks();
  if (rest_.empty()) return broken();
  value = {};
  if (rest_.front() == '"') return string(value) || broken();
  if (rest_.front() == '{' || rest_.front() == '[') return nested() || broken();
  return scalar(value) || broken();
}

// Without escapes a view of the line, else decoded into the scratch.
bool Walker::string(std::string_view& into) {
  if (rest_.empty() || rest_.front() != '"') return false;
  rest_.remove_prefix(1);
  const std::size_t plain = rest_.find_first_of("\"\\");
  if (plain == std::string_view::npos) return false;
  if (rest_[plain] == '"') {
    into = rest_.substr(0, plain);
    rest_.remove_prefix(plain + 1);
    return true;
  }
  const std::size_t begin = scratch_.used();
  while (!rest_.empty() && rest_.front() != '"') {
    if (rest_.front() == '\\') {
      rest_.remove_prefix(1);
      if (!escape()) return false;
      continue;
    }
    scratch_.append(rest_.front());
    rest_.remove_prefix(1);
  }
  if (rest_.empty()) return false;
  rest_.remove_prefix(1);
  into = scratch_.since(begin);
  return true;
}

bool Walker::hex(unsigned& value) {
  if (rest_.size() < 4) return false;
  value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = ascii::lower(rest_[static_cast<std::size_t>(i)]);
    const int digit = ascii::is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return false;
    value = value * 16 + static_cast<unsigned>(digit);
  }
  rest_.remove_prefix(4);
  return true;
}

bool Walker::escape() {
  if (rest_.empty()) return false;
  const char c = rest_.front();
  rest_.remove_prefix(1);
  constexpr std::string_view kNames = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
  if (const std::size_t at = kNames.find(c); at != std::string_view::npos) {
    scratch_.append(kMeanings[at]);
    return true;
  }
  unsigned code = 0;
  if (c != 'u' || !hex(code)) return false;
  if (code >= 0xd800 && code < 0xdc00 && rest_.starts_with("\\u")) {
    rest_.remove_prefix(2);
    unsigned low = 0;
    if (!hex(low) || low < 0xdc00 || low > 0xdfff) return false;
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  if (code >= 0xd800 && code <= 0xdfff) return false;
  std::string sequence;
  utf8::append(sequence, code);
  scratch_.append(std::string_view(sequence));
  return true;
}

bool Walker::scalar(std::string_view& into) {
  const std::size_t size = rest_.find_first_of(",} \t\r\n");
  if (size == 0 || size == std::string_view::npos) return false;
  into = rest_.substr(0, size);
  rest_.remove_prefix(size);
  const bool is_number = into.find_first_not_of("+-.0123456789eE") == std::string_view::npos;
  const bool is_word = into == "true" || into == "false" || into == "null";
  if (is_word) into = {};
  return is_number || is_word;
}

// Passes over an array or object; strings in it may hold brackets.
bool Walker::nested() {
  std::array<char, kMaxDepth> closers{};
  std::size_t depth = 0;
  while (!rest_.empty()) {
    const char c = rest_.front();
    if (c == '"') {
      std::string_view ignored;
      if (!string(ignored)) return false;
      continue;
    }
    rest_.remove_prefix(1);
    if (c == '{' || c == '[') {
      if (depth == kMaxDepth) return false;
      closers[depth++] = c == '{' ? '}' : ']';
    } else if (c == '}' || c == ']') {
      if (closers[--depth] != c) return false;
      if (depth == 0) return true;
    }
  }
  return false;
}

struct Packet {
  std::string_view prefix, timestamp;
  std::optional<std::uint64_t> seconds, micros, total, raw;
  std::uint8_t flags = 0;
  bool flags_given = false, is_packet = false, bad = false;
};

void take_flag(std::string_view name, std::string_view value, Packet& packet) {
  struct Named {
    std::string_view name;
    TcpFlag flag;
  };
  static constexpr auto kFlags = std::to_array<Named>({{"syn", kSyn},
                                                       {"ack", kAck},
                                                       {"fin", kFin},
                                                       {"rst", kRst},
                                                       {"psh", kPsh},
                                                       {"urg", kUrg},
                                                       {"ece", kEce},
                                                       {"cwr", kCwr}});
  for (const Named& known : kFlags) {
    if (known.name != name) continue;
    packet.flags_given = true;
    if (value == "1") packet.flags |= known.flag;
  }
}

void take_member(std::string_view key, std::string_view value, Packet& packet, LogEvent& event) {
  const auto address = [&](Address& into) {
    packet.is_packet = true;
    if (!text::parse_address(value, into)) packet.bad = true;
  };
  if (key == "src_ip") return address(event.source);
  if (key == "dest_ip") return address(event.destination);
  if (key.starts_with("oob.")) packet.is_packet = true;
  if (key == "oob.prefix") packet.prefix = value;
  if (key == "oob.in") event.in_interface = value;
  if (key == "oob.out") event.out_interface = value;
  if (key == "oob.time.sec") packet.seconds = text::number(value, 99'999'999'999);
  if (key == "oob.time.usec") packet.micros = text::number(value, 999'999);
  if (key == "timestamp") packet.timestamp = value;
  if (key == "src_port") event.source_port = text::port(value);
  if (key == "dest_port") event.destination_port = text::port(value);
  if (key == "ip.totlen") packet.total = text::number(value, UINT32_MAX);
  if (key == "raw.pktlen") packet.raw = text::number(value, UINT32_MAX);
  if (key == "ip.protocol" || key == "ip6.nexthdr") {
    event.protocol = protocol_number(value);
    packet.bad = packet.bad || !event.protocol;
  }
  if (key.starts_with("tcp.")) take_flag(key.substr(4), value, packet);
}

}  // namespace

Outcome read_ulogd_json(std::string_view line, const Context& context, Scratch& scratch, LogEvent& event) {
  line = text::trim_end(line);
  text::skip_blanks(line);
  if (line.empty()) return {Kind::skip, "an empty line"};
  Walker walker(line, scratch);
  if (!walker.open()) return {Kind::skip, "not a JSON object"};
  Packet packet;
  std::string_view key, value;
  while (walker.next(key, value)) take_member(key, value, packet, event);
  if (!walker.complete()) return {Kind::error, "JSON that does not end as it should"};
  if (!packet.is_packet) return {Kind::skip, "not a packet"};
  if (packet.bad) return {Kind::error, "an address or protocol that is none"};
  if (!event.source.known || !event.destination.known) return {Kind::error, "an address is missing"};
  if (!event.protocol) return {Kind::error, "no protocol"};
  if (packet.seconds) {
    event.time =
        stamp::from_epoch(std::chrono::seconds(*packet.seconds) + std::chrono::microseconds(packet.micros.value_or(0)),
                          packet.micros.has_value());
  } else if (auto civil = stamp::take_iso(packet.timestamp)) {
    const auto found = stamp::resolve(*civil, context);
    if (!found) return {Kind::error, "a time that cannot be"};
    event.time = *found;
  }
  event.length = packet.total ? packet.total : packet.raw;
  if (event.protocol == 6 && packet.flags_given) event.tcp_flags = packet.flags;
  if (!event.in_interface.empty()) {
    event.direction = event.out_interface.empty() ? Direction::in : Direction::forward;
  } else if (!event.out_interface.empty()) {
    event.direction = Direction::out;
  }
  read_prefix(packet.prefix, scratch, event);
  return {Kind::event, ""};
}

}  // namespace gatepost::gate::log
