#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "smtp/protocol/line_ends.hpp"

namespace gatepost::smtp {

// RFC 5321 4.5.3.1.4 asks for 512 octets with CRLF and lets extensions add to it: SIZE, AUTH, DSN and SMTPUTF8 together
// stay below this. AUTH with an initial response may be as long as other SASL lines.
inline constexpr std::size_t kMaxCommandOctets = 4096;
inline constexpr std::size_t kMaxSaslLineOctets = 12288;  // RFC 4954 4, with CRLF

// Finds where things end in what an SMTP client sends: lines, DATA, BDAT chunks. Knows nothing of what they mean.
// The same items come however the input is cut; only body text may be cut elsewhere.
//
// Lines end with CRLF and nothing else. Data ends with CRLF "." CRLF and nothing else (RFC 5321 4.1.1.4): "LF . LF",
// "LF . CRLF", "CR . CRLF" and the like are content, since a sender that was tricked into passing them on does not know
// of the commands behind them.
//
// After `line`, `bad_line_end` or `too_long` a line is next again; after `body_end` too. Text views point into `input`
// (or to constant text) and live as long as it does. NUL passes.
class Receiver {
 public:
  enum class Kind : std::uint8_t {
    need_more,     // drop `consumed` octets (they are part of a line already refused) and read more
    line,          // a line, without its CRLF
    too_long,      // a line over the limit: told once, its rest up to CRLF is dropped silently
    bad_line_end,  // a line with CR or LF alone: told once, its rest up to CRLF is dropped silently. 500 5.5.2
    body,          // message octets, dots removed; maybe empty
    body_end,      // the end of DATA or of the chunk; text holds the last octets of a chunk. See `bare_line_end`
  };
  struct Item {
    Kind kind = Kind::need_more;
    std::string_view text;
    std::size_t consumed = 0;  // octets of the input that are done with
    // body_end of DATA: it had CR or LF alone. Under refuse the body items since the first of them were empty, and the
    // message must be refused (550 5.6.0); under normalise they were changed.
    bool bare_line_end = false;
  };

  // `input`: all octets not yet consumed. Call again with the rest after each item.
  Item next(std::string_view input);

  void expect_line();                     // a command (the state at the start, and after STARTTLS)
  void expect_sasl_line();                // one answer to a challenge (RFC 4954 4); then commands again
  void expect_data(BareLineEnds policy);  // after 354
  // A chunk of exactly so many octets (RFC 3030 2), also one that will be refused. They are passed as they are: see
  // LineEndChecker. With 0, next() gives body_end whatever its input is, none included.
  void expect_bdat(std::uint64_t octets);

 private:
  enum class Mode : std::uint8_t { line, sasl_line, data, bdat };
  Item next_line(std::string_view input);
  Item drop_line(std::string_view input);
  Item refuse_line(Kind kind, std::size_t consumed, bool ended);
  std::size_t line_limit(std::string_view input) const;
  Item next_data(std::string_view input);
  Item data_line_start(std::string_view input);
  Item next_bdat(std::string_view input);
  Item body(std::string_view text, std::size_t consumed) const;

  Mode mode_ = Mode::line;
  BareLineEnds policy_ = BareLineEnds::refuse;
  bool dropping_ = false;      // the rest of a refused line
  bool at_line_start_ = true;  // data: the last two octets were CRLF
  bool bare_line_end_ = false;
  std::size_t scanned_ = 0;  // line: octets known to hold no LF
  std::uint64_t bdat_left_ = 0;
};

}  // namespace gatepost::smtp
