#include "gate/log/reader.hpp"

#include <array>

#include "base/ascii.hpp"
#include "gate/log/formats.hpp"
#include "gate/log/text.hpp"

namespace gatepost::gate::log {

namespace {

constexpr std::array<std::pair<Format, std::string_view>, 9> kFormatNames = {{{Format::automatic, "auto"},
                                                                              {Format::netfilter, "netfilter"},
                                                                              {Format::ulogd_json, "ulogd-json"},
                                                                              {Format::windows, "windows"},
                                                                              {Format::pf, "pf"},
                                                                              {Format::aws, "aws"},
                                                                              {Format::asa, "asa"},
                                                                              {Format::fortigate, "fortigate"},
                                                                              {Format::paloalto, "paloalto"}}};

bool holds(std::string_view line, std::string_view part) { return line.find(part) != std::string_view::npos; }

// A row of the default order: "2 123456789012 eni-0 192.0.2.1 ...", 14 words.
bool is_aws_row(std::string_view line) {
  if (!line.starts_with("2 ")) return false;
  std::size_t words = 0;
  std::string_view last;
  for (std::string_view word = text::take_word(line); !word.empty(); word = text::take_word(line), ++words) last = word;
  return words == 14 && (last == "OK" || last == "NODATA" || last == "SKIPDATA");
}

}  // namespace

std::string_view to_string(Format format) {
  for (const auto& [known, name] : kFormatNames) {
    if (known == format) return name;
  }
  return "";
}

std::optional<Format> parse_format(std::string_view name) {
  for (const auto& [known, text] : kFormatNames) {
    if (text == name) return known;
  }
  return std::nullopt;
}

std::optional<Format> detect(std::string_view line) {
  text::take(line, "\xef\xbb\xbf");
  line = text::trim_end(line);
  if (line.starts_with('{')) {
    if (holds(line, "\"oob.") || holds(line, "\"src_ip\"")) return Format::ulogd_json;
    return std::nullopt;
  }
  if (line.starts_with("#Fields:") || holds(line, "#Software: Microsoft Windows Firewall")) return Format::windows;
  if (holds(line, "%ASA-") || holds(line, "%FTD-")) return Format::asa;
  if (holds(line, " OUT=") && holds(line, "IN=")) return Format::netfilter;
  if (holds(line, ",TRAFFIC,")) return Format::paloalto;
  if (holds(line, "devname=") || (holds(line, "logid=") && holds(line, " type="))) return Format::fortigate;
  if ((holds(line, "srcaddr") && holds(line, "dstaddr")) || is_aws_row(line)) return Format::aws;
  if (holds(line, "rule ") && holds(line, "(match)") && holds(line, " on ")) return Format::pf;
  return std::nullopt;
}

struct Reader::State {
  Context context;
  Scratch scratch;
  WindowsReader windows;
  AwsReader aws;
  Item item;
};

Reader::Reader(Format format, Context context) : asked_(format), format_(format), state_(std::make_unique<State>()) {
  state_->context = context;
}
Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;

void Reader::restart() {
  format_ = asked_;
  splitter_ = {};
  state_->windows = {};
  state_->aws = {};
  state_->item.line = 0;
}

void Reader::set_context(const Context& context) { state_->context = context; }

const Item& Reader::read(std::string_view line, bool too_long) {
  State& state = *state_;
  state.scratch.clear();
  Item& item = state.item;
  ++item.line;
  item.event = {};
  if (too_long) {
    item.kind = Kind::error;
    item.why = "a line longer than any log's";
    return item;
  }
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (format_ == Format::automatic) format_ = detect(line).value_or(Format::automatic);
  Outcome outcome;
  switch (format_) {
    case Format::automatic:
      outcome = {Kind::skip, "not known as a firewall's"};
      break;
    case Format::netfilter:
      outcome = read_netfilter(line, state.context, state.scratch, item.event);
      break;
    case Format::ulogd_json:
      outcome = read_ulogd_json(line, state.context, state.scratch, item.event);
      break;
    case Format::windows:
      outcome = state.windows.read(line, state.context, item.event);
      break;
    case Format::pf:
      outcome = read_pf(line, state.context, state.scratch, item.event);
      break;
    case Format::aws:
      outcome = state.aws.read(line, item.event);
      break;
    case Format::asa:
      outcome = read_asa(line, state.context, state.scratch, item.event);
      break;
    case Format::fortigate:
      outcome = read_fortigate(line, state.context, state.scratch, item.event);
      break;
    case Format::paloalto:
      outcome = read_paloalto(line, state.context, state.scratch, item.event);
      break;
  }
  item.kind = outcome.kind;
  item.why = outcome.why;
  if (item.kind == Kind::skip || item.kind == Kind::error) item.event = {};
  return item;
}

const Item& Reader::read_message(const Stamp& time, std::string_view message) {
  State& state = *state_;
  state.scratch.clear();
  Item& item = state.item;
  ++item.line;
  item.event = {};
  const Outcome outcome = read_netfilter_message(message, state.scratch, item.event);
  item.kind = outcome.kind;
  item.why = outcome.why;
  if (item.kind != Kind::event) item.event = {};
  item.event.time = time;
  return item;
}

}  // namespace gatepost::gate::log
