#include "gate/log/print.hpp"

#include <chrono>

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace gatepost::gate::log {

namespace {

// Characters that reorder, hide or end a line of text although they are no control characters to ASCII.
bool is_deceptive(char32_t c) {
  return (c >= 0x80 && c < 0xa0) || c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xe0000 && c <= 0xe007f);
}

void append_key(std::string& out, std::string_view key) {
  if (out.back() != '{') out += ',';
  append_json_string(out, key);
  out += ':';
}

void append_text(std::string& out, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  append_key(out, key);
  append_json_string(out, value);
}

template <class T>
void append_number(std::string& out, std::string_view key, const std::optional<T>& value) {
  if (!value) return;
  append_key(out, key);
  out += fmt::format("{}", *value);
}

void append_true(std::string& out, std::string_view key, bool value) {
  if (!value) return;
  append_key(out, key);
  out += "true";
}

std::string end_of(const Address& address, const std::optional<std::uint16_t>& port) {
  const std::string text = address.to_string();
  if (!port) return text;
  return address.v6 ? fmt::format("[{}]:{}", text, *port) : fmt::format("{}:{}", text, *port);
}

}  // namespace

std::string for_terminal(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t c = utf8::next(text);
    const std::size_t octets = before.size() - text.size();
    if (c == '\\') {
      out += "\\\\";
    } else if (c < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    } else if (octets == 1 && c >= 0x80) {  // U+FFFD for an octet that begins no sequence
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(before.front())));
    } else if (is_deceptive(c)) {
      out += fmt::format("\\u{{{:x}}}", static_cast<unsigned>(c));
    } else {
      out += before.substr(0, octets);
    }
  }
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const char32_t c = utf8::next(text);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c < 0x20 || c == 0x7f || is_deceptive(c)) {
      if (c < 0x10000) {
        out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      } else {
        const auto above = static_cast<unsigned>(c) - 0x10000;
        out += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (above >> 10), 0xdc00 + (above & 0x3ff));
      }
    } else {
      utf8::append(out, c);
    }
  }
  out += '"';
}

std::string format_time(const Stamp& stamp) {
  if (!stamp.known) return {};
  using namespace std::chrono;
  const auto day = floor<days>(stamp.at);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<microseconds>(stamp.at - day));
  std::string out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (stamp.has_fraction) out += fmt::format(".{:06}", clock.subseconds().count());
  return out + 'Z';
}

std::string format_text(const Item& item) {
  const LogEvent& event = item.event;
  const std::string time = event.time.known ? format_time(event.time) : "-";
  if (item.kind != Kind::event) {
    return fmt::format("{} {} line {}: {}", time, to_string(item.kind), item.line, item.why);
  }
  std::string out = time;
  out += ' ';
  out += to_string(event.verdict);
  if (event.how != How::unknown) out += fmt::format("/{}", to_string(event.how));
  if (event.direction != Direction::unknown) out += fmt::format(" {}", to_string(event.direction));
  if (event.protocol) out += ' ' + protocol_name(*event.protocol);
  out += fmt::format(" {} > {}", end_of(event.source, event.source_port),
                     end_of(event.destination, event.destination_port));
  if (!event.in_interface.empty()) out += ' ' + for_terminal(event.in_interface);
  if (!event.out_interface.empty()) out += "->" + for_terminal(event.out_interface);
  if (!event.rule.empty()) out += " rule \"" + for_terminal(event.rule) + '"';
  if (event.tcp_flags) out += " [" + flag_names(*event.tcp_flags) + ']';
  if (event.length) out += fmt::format(" {} octets", *event.length);
  if (event.packets) out += fmt::format(" {} packets", *event.packets);
  if (!event.reason.empty()) out += " because \"" + for_terminal(event.reason) + '"';
  if (!event.connection.empty()) out += " connection " + for_terminal(event.connection);
  return out;
}

std::string format_json(const Item& item) {
  const LogEvent& event = item.event;
  std::string out = "{";
  append_number(out, "line", std::optional(item.line));
  append_text(out, "kind", to_string(item.kind));
  append_text(out, "why", item.why);
  append_text(out, "time", format_time(event.time));
  append_true(out, "zone_assumed", event.time.known && event.time.zone_assumed);
  append_true(out, "year_assumed", event.time.known && event.time.year_assumed);
  if (item.kind == Kind::event) {
    append_text(out, "verdict", to_string(event.verdict));
    append_text(out, "how", to_string(event.how));
    append_text(out, "direction", to_string(event.direction));
    if (event.protocol) append_text(out, "proto", protocol_name(*event.protocol));
    append_text(out, "src", event.source.to_string());
    append_number(out, "sport", event.source_port);
    append_text(out, "dst", event.destination.to_string());
    append_number(out, "dport", event.destination_port);
    append_text(out, "in_if", event.in_interface);
    append_text(out, "out_if", event.out_interface);
    append_text(out, "rule", event.rule);
    if (event.tcp_flags) {
      append_key(out, "flags");
      out += '[';
      std::string_view names;
      const std::string all = flag_names(*event.tcp_flags);
      names = all;
      while (!names.empty()) {
        const std::size_t comma = names.find(',');
        if (out.back() != '[') out += ',';
        append_json_string(out, names.substr(0, comma));
        names.remove_prefix(comma == std::string_view::npos ? names.size() : comma + 1);
      }
      out += ']';
    }
    append_number(out, "length", event.length);
    append_text(out, "reason", event.reason);
    append_number(out, "packets", event.packets);
    append_text(out, "conn", event.connection);
  }
  return out + '}';
}

}  // namespace gatepost::gate::log
