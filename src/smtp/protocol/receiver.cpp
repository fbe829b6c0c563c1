#include "smtp/protocol/receiver.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/dot_stuffing.hpp"

namespace gatepost::smtp {

void Receiver::expect_line() { *this = Receiver(); }

void Receiver::expect_sasl_line() {
  expect_line();
  mode_ = Mode::sasl_line;
}

void Receiver::expect_data(BareLineEnds policy) {
  expect_line();
  mode_ = Mode::data;
  policy_ = policy;
}

void Receiver::expect_bdat(std::uint64_t octets) {
  expect_line();
  mode_ = Mode::bdat;
  bdat_left_ = octets;
}

Receiver::Item Receiver::next(std::string_view input) {
  switch (mode_) {
    case Mode::data:
      return next_data(input);
    case Mode::bdat:
      return next_bdat(input);
    default:
      return dropping_ ? drop_line(input) : next_line(input);
  }
}

std::size_t Receiver::line_limit(std::string_view input) const {
  const bool long_line = mode_ == Mode::sasl_line || ascii::istarts_with(input, "AUTH ");
  return long_line ? kMaxSaslLineOctets : kMaxCommandOctets;
}

Receiver::Item Receiver::next_line(std::string_view input) {
  const std::string_view window = input.substr(0, line_limit(input));
  const std::size_t lf = window.find('\n', std::min(scanned_, window.size()));
  // Bare CRs are looked for when the line ends or grows too long: then the answer does not depend on how input was cut.
  const std::size_t cr = window.substr(0, lf).find('\r');
  if (lf == std::string_view::npos) {
    if (window.size() == input.size() && window.size() < line_limit(input)) {
      scanned_ = input.size();
      return {};
    }
    // A CR that ends the window stays, it may be half of the CRLF that ends the line.
    const std::size_t consumed = window.size() - (window.back() == '\r' ? 1 : 0);
    return refuse_line(cr < consumed ? Kind::bad_line_end : Kind::too_long, consumed, false);
  }
  const bool ends_with_crlf = lf > 0 && window[lf - 1] == '\r';
  if (!ends_with_crlf || cr != lf - 1) return refuse_line(Kind::bad_line_end, lf + 1, ends_with_crlf);
  expect_line();
  return {.kind = Kind::line, .text = window.substr(0, lf - 1), .consumed = lf + 1};
}

// What follows a LF alone is dropped up to CRLF as part of the same line: whoever put the LF there meant one line, and
// its tail must not become a command of its own.
Receiver::Item Receiver::refuse_line(Kind kind, std::size_t consumed, bool ended) {
  expect_line();
  dropping_ = !ended;
  return {.kind = kind, .text = {}, .consumed = consumed};
}

Receiver::Item Receiver::drop_line(std::string_view input) {
  const std::size_t end = input.find("\r\n");
  if (end == std::string_view::npos) {
    return {.kind = Kind::need_more, .text = {}, .consumed = input.size() - (input.ends_with('\r') ? 1 : 0)};
  }
  expect_line();
  Item item = next_line(input.substr(end + 2));
  item.consumed += end + 2;
  return item;
}

Receiver::Item Receiver::next_data(std::string_view input) {
  if (input.empty()) return {};
  if (at_line_start_ && input.front() == '.') return data_line_start(input);
  const LineScan scan = scan_lines(input, at_line_start_);
  if (scan.at > 0) {
    at_line_start_ = input[scan.at - 1] == '\n';  // before the first event, every LF is that of a CRLF
    return body(input.substr(0, scan.at), scan.at);
  }
  if (scan.event == LineEvent::cr_at_end) return {};
  // CR or LF alone. The next octet does not start a line: a dot there is no end and no doubled dot (RFC 5321 4.1.1.4).
  bare_line_end_ = true;
  at_line_start_ = false;
  return body("\r\n", 1);
}

// A dot at the start of a line: the end with CRLF behind it, otherwise one the client doubled (RFC 5321 4.5.2).
Receiver::Item Receiver::data_line_start(std::string_view input) {
  if (input.size() == 1 || input == ".\r") return {};
  if (input.starts_with(".\r\n")) {
    const bool bare = bare_line_end_;
    expect_line();
    return {.kind = Kind::body_end, .text = {}, .consumed = 3, .bare_line_end = bare};
  }
  at_line_start_ = false;
  Item item = next_data(input.substr(1));
  item.consumed += 1;
  return item;
}

Receiver::Item Receiver::body(std::string_view text, std::size_t consumed) const {
  if (bare_line_end_ && policy_ == BareLineEnds::refuse) text = {};
  return {.kind = Kind::body, .text = text, .consumed = consumed};
}

Receiver::Item Receiver::next_bdat(std::string_view input) {
  const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(bdat_left_, input.size()));
  bdat_left_ -= here;
  const std::string_view text = input.substr(0, here);
  if (bdat_left_ == 0) {
    expect_line();
    return {.kind = Kind::body_end, .text = text, .consumed = here};
  }
  if (here == 0) return {};
  return {.kind = Kind::body, .text = text, .consumed = here};
}

}  // namespace gatepost::smtp
