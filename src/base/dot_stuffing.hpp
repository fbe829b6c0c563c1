#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// Transparency of line-based protocols: a line that starts with a dot gets a second one, a line with a dot alone ends
// the text. SMTP DATA (RFC 5321 4.5.2) and POP3 multi-line replies (RFC 1939 3) share it. Pure.
namespace gatepost {

// What needs a look in text whose lines end with CRLF.
enum class LineEvent {
  none,       // nothing: `at` is the end of the text
  dot,        // a dot at the start of a line
  bare_cr,    // a CR that no LF follows
  bare_lf,    // a LF that no CR precedes
  cr_at_end,  // the last octet is a CR: what it is depends on the next octet
};
struct LineScan {
  LineEvent event;
  std::size_t at;  // octets before the event
};
// The first event in `text`; `at_line_start`: whether its first octet starts a line. Only CRLF starts a new line.
LineScan scan_lines(std::string_view text, bool at_line_start);

// Encodes a text in pieces of any size. A CR or LF alone becomes CRLF, so that no reader, however lax, sees an end of
// text where we see none (RFC 5321 2.3.8: they must not be sent).
class DotStuffer {
 public:
  // Appends the encoded `text` to `out`. A CR at the end of `text` is held back until the next call.
  void append(std::string& out, std::string_view text);
  // Completes the last line if it lacks CRLF, and appends the end: ".CRLF". Ready for another text afterwards.
  // An empty text gives ".CRLF" alone.
  void finish(std::string& out);

 private:
  bool at_line_start_ = true;
  bool held_cr_ = false;
};

}  // namespace gatepost
