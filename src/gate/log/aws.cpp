#include "base/ascii.hpp"
#include "gate/log/formats.hpp"
#include "gate/log/stamp.hpp"
#include "gate/log/text.hpp"

namespace gatepost::gate::log {

AwsReader::AwsReader() {
  read_header(
      "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action "
      "log-status");
}

bool AwsReader::is_header(std::string_view line) {
  // A row has an address or "-" where the header has these words.
  return line.find("srcaddr") != std::string_view::npos || line.find("log-status") != std::string_view::npos;
}

void AwsReader::read_header(std::string_view line) {
  struct Named {
    std::string_view name;
    Column column;
  };
  static constexpr auto kNames = std::to_array<Named>({{"srcaddr", Column::source},
                                                       {"dstaddr", Column::destination},
                                                       {"srcport", Column::source_port},
                                                       {"dstport", Column::destination_port},
                                                       {"protocol", Column::protocol},
                                                       {"packets", Column::packets},
                                                       {"bytes", Column::bytes},
                                                       {"start", Column::start},
                                                       {"action", Column::action},
                                                       {"log-status", Column::status},
                                                       {"flow-direction", Column::direction},
                                                       {"tcp-flags", Column::flags}});
  count_ = 0;
  for (std::string_view word = text::take_word(line); !word.empty() && count_ < kMaxColumns;
       word = text::take_word(line)) {
    Column column = Column::other;
    for (const Named& named : kNames) {
      if (named.name == word) column = named.column;
    }
    columns_[count_++] = column;
  }
}

Outcome AwsReader::read(std::string_view line, LogEvent& event) {
  text::take(line, "\xef\xbb\xbf");
  line = text::trim_end(line);
  if (line.empty()) return {Kind::skip, "an empty line"};
  if (is_header(line)) {
    read_header(line);
    return {Kind::skip, "header: what the columns are"};
  }
  std::string_view status = "OK", action;
  bool ok = true;
  std::size_t seen = 0;
  for (std::string_view word = text::take_word(line); !word.empty(); word = text::take_word(line)) {
    if (seen == count_) return {Kind::error, "more columns than the header has"};
    const Column column = columns_[seen++];
    if (word == "-") continue;
    const auto number = [&](std::uint64_t highest) {
      const auto value = text::number(word, highest);
      ok = ok && value;
      return value;
    };
    switch (column) {
      case Column::source:
        ok = ok && text::parse_address(word, event.source);
        break;
      case Column::destination:
        ok = ok && text::parse_address(word, event.destination);
        break;
      case Column::source_port:
        event.source_port = static_cast<std::uint16_t>(number(65535).value_or(0));
        break;
      case Column::destination_port:
        event.destination_port = static_cast<std::uint16_t>(number(65535).value_or(0));
        break;
      case Column::protocol:
        event.protocol = static_cast<std::uint8_t>(number(255).value_or(0));
        break;
      case Column::packets:
        event.packets = number(UINT64_MAX);
        break;
      case Column::bytes:
        event.length = number(UINT64_MAX);
        break;
      case Column::start:
        event.time = stamp::from_epoch(std::chrono::seconds(number(99'999'999'999).value_or(0)), false);
        break;
      case Column::flags:
        // An OR over the window; 0 says that none of those it records was seen.
        if (const auto flags = number(255); flags && *flags != 0) event.tcp_flags = static_cast<std::uint8_t>(*flags);
        break;
      case Column::direction:
        if (word == "ingress") event.direction = Direction::in;
        if (word == "egress") event.direction = Direction::out;
        ok = ok && event.direction != Direction::unknown;
        break;
      case Column::action:
        action = word;
        break;
      case Column::status:
        status = word;
        break;
      case Column::other:
        break;
    }
  }
  if (seen < count_) return {Kind::error, "columns are missing"};
  if (!ok) return {Kind::error, "a column that does not hold what it should"};
  if (status == "NODATA") return {Kind::skip, "no traffic in this window"};
  if (status == "SKIPDATA") return {Kind::gap, "records were lost in this window"};
  if (status != "OK") return {Kind::error, "an unknown log status"};
  if (!event.source.known || !event.destination.known) return {Kind::error, "an address is missing"};
  if (action == "REJECT") {
    event.verdict = Verdict::deny;
    event.how = How::drop;
  } else if (action == "ACCEPT") {
    event.verdict = Verdict::allow;
  } else if (!action.empty()) {
    return {Kind::error, "an unknown action"};
  }
  if (event.protocol && !has_ports(*event.protocol)) event.source_port = event.destination_port = std::nullopt;
  return {Kind::event, ""};
}

}  // namespace gatepost::gate::log
