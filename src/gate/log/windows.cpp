#include "base/ascii.hpp"
#include "gate/log/formats.hpp"
#include "gate/log/stamp.hpp"
#include "gate/log/text.hpp"

namespace gatepost::gate::log {

namespace {

bool read_windows_action(std::string_view word, LogEvent& event) {
  if (word == "DROP") {
    event.verdict = Verdict::deny;
    event.how = How::drop;
  } else if (word == "ALLOW" || word.starts_with("OPEN")) {
    event.verdict = Verdict::allow;
  } else if (word == "CLOSE") {
    event.verdict = Verdict::close;
  } else {
    return false;
  }
  return true;
}

bool read_windows_flags(std::string_view letters, LogEvent& event) {
  std::uint8_t flags = 0;
  for (const char c : letters) {
    constexpr std::string_view kLetters = "FSRPAUEC";  // in the order of the bits
    const std::size_t bit = kLetters.find(c);
    if (bit == std::string_view::npos) return false;
    flags |= static_cast<std::uint8_t>(1U << bit);
  }
  event.tcp_flags = flags;
  return true;
}

bool read_path(std::string_view word, LogEvent& event) {
  if (word == "RECEIVE") event.direction = Direction::in;
  if (word == "SEND") event.direction = Direction::out;
  if (word == "FORWARD") event.direction = Direction::forward;
  return event.direction != Direction::unknown;
}

}  // namespace

Outcome WindowsReader::read_directive(std::string_view line) {
  if (text::take(line, "#Time Format:")) {
    utc_ = text::take_word(line) != "Local";
    return {Kind::skip, "header"};
  }
  if (!text::take(line, "#Fields:")) return {Kind::skip, "header"};
  struct Named {
    std::string_view name;
    Column column;
  };
  static constexpr auto kNames = std::to_array<Named>({{"date", Column::date},
                                                       {"time", Column::time},
                                                       {"action", Column::action},
                                                       {"protocol", Column::protocol},
                                                       {"src-ip", Column::source},
                                                       {"dst-ip", Column::destination},
                                                       {"src-port", Column::source_port},
                                                       {"dst-port", Column::destination_port},
                                                       {"size", Column::size},
                                                       {"tcpflags", Column::flags},
                                                       {"path", Column::path}});
  count_ = 0;
  for (std::string_view word = text::take_word(line); !word.empty(); word = text::take_word(line)) {
    if (count_ == kMaxColumns) {
      count_ = 0;
      return {Kind::error, "more columns than a firewall log has"};
    }
    Column column = Column::other;
    for (const Named& named : kNames) {
      if (named.name == word) column = named.column;
    }
    columns_[count_++] = column;
  }
  return {Kind::skip, "header: what the columns are"};
}

Outcome WindowsReader::read(std::string_view line, const Context& context, LogEvent& event) {
  text::take(line, "\xef\xbb\xbf");
  line = text::trim_end(line);
  if (line.empty()) return {Kind::skip, "an empty line"};
  if (line.front() == '#') return read_directive(line);
  if (count_ == 0) return {Kind::error, "no #Fields: line said what the columns are"};

  std::string_view rest = line, date, time, action;
  std::size_t seen = 0;
  bool ok = true;
  for (; seen < count_; ++seen) {
    const std::string_view word = text::take_word(rest);
    if (word.empty()) break;
    if (columns_[seen] == Column::date) date = word;
    if (columns_[seen] == Column::time) time = word;
    if (columns_[seen] == Column::action) action = word;
    if (word == "-") continue;
    switch (columns_[seen]) {
      case Column::protocol:
        event.protocol = protocol_number(word);
        ok = ok && event.protocol;
        break;
      case Column::source:
        ok = ok && text::parse_address(word, event.source);
        break;
      case Column::destination:
        ok = ok && text::parse_address(word, event.destination);
        break;
      case Column::source_port:
        event.source_port = text::port(word);
        ok = ok && event.source_port;
        break;
      case Column::destination_port:
        event.destination_port = text::port(word);
        ok = ok && event.destination_port;
        break;
      case Column::size:
        event.length = text::number(word);
        ok = ok && event.length;
        break;
      case Column::flags:
        ok = ok && read_windows_flags(word, event);
        break;
      case Column::path:
        ok = ok && read_path(word, event);
        break;
      default:
        break;
    }
  }
  if (action.starts_with("INFO-")) return {Kind::skip, "a count of lost events, not a packet"};
  if (seen < count_) return {Kind::error, "columns are missing"};
  if (!ok) return {Kind::error, "a column that does not hold what it should"};
  if (!read_windows_action(action, event)) return {Kind::error, "an unknown action"};
  if (!event.source.known || !event.destination.known) return {Kind::error, "an address is missing"};
  if (date.empty() || time.empty() || time.data() < date.data()) return {Kind::error, "no time"};
  // Two views of one line: a blank lies between them.
  std::string_view both(date.data(), static_cast<std::size_t>(time.data() + time.size() - date.data()));
  auto civil = stamp::take_iso(both);
  if (civil && utc_) civil->zone_minutes = 0;
  const auto found = civil ? stamp::resolve(*civil, context) : std::nullopt;
  if (!found) return {Kind::error, "a time that cannot be"};
  event.time = *found;
  if (event.protocol && !has_ports(*event.protocol)) event.source_port = event.destination_port = std::nullopt;
  return {Kind::event, ""};
}

}  // namespace gatepost::gate::log
