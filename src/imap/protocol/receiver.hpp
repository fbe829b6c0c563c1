#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatepost::imap {

// Longer tags are not given back: such a command is answered without one.
inline constexpr std::size_t kMaxTagOctets = 128;

struct ReceiverLimits {
  std::size_t max_line_octets = 64 << 10;     // text of one command without its literals, line ends included
  std::size_t max_literal_octets = 64 << 10;  // all collected literals of one command together
  bool bare_lf = true;                        // LF alone ends a line too, as Dovecot has it; off: CRLF only
};

// The announcement of a literal at a line's end: "{5}", "{5+}", "~{5}", "~{5+}" (RFC 9051 4.3, RFC 7888, RFC 3516 4.3).
struct LiteralHeader {
  std::uint64_t octets = 0;   // kHuge when the number has more than 63 bits
  bool synchronizing = true;  // the client waits for "+ ..." before it sends the octets
  bool binary = false;        // literal8: NUL is allowed in it
  static constexpr std::uint64_t kHuge = UINT64_MAX;
  bool operator==(const LiteralHeader&) const = default;
};
// The header at the end of `line` (without line end) and where it begins.
struct FoundLiteral {
  LiteralHeader header;
  std::size_t at = 0;
};
std::optional<FoundLiteral> find_literal_header(std::string_view line);

// The tag `text` begins with (RFC 9051 9: 1*<any ASTRING-CHAR except "+">), "" when there is none or it is too long.
std::string_view tag_of(std::string_view text);

// Finds where commands end in what an IMAP client sends: lines and literals, under limits. Knows nothing of what they
// mean, so a command that is refused or broken is dropped whole and the next one lines up. The same items come however
// the input is cut; only chunks of a streamed literal may be cut elsewhere.
//
// When a line ends in a literal header the session decides what becomes of the literal, by one call before the next
// next():
//   accept_collect()   it is part of the text; for a synchronizing one the session has written "+ ..."
//   accept_stream()    its octets come as literal_chunk and literal_end; what follows is a new text with `continued`
//   set refuse()           the whole command is dropped (with the octets of a non-synchronizing literal, and everything
//   else up to
//                      the command's end): the session has written the tagged NO or BAD, and nothing else comes of it
// When the octets of a refused non-synchronizing literal are more than one cares to read, close the connection with
// BYE.
//
// Views in items point into `input` or into the receiver and live until the next call that is not const; an item's text
// that is to outlive them must be copied.
class Receiver {
 public:
  enum class Kind : std::uint8_t {
    need_more,       // drop `consumed` octets and read more
    command,         // the end of a command. `text`: see there
    literal_header,  // `literal` follows, or will when asked for. Answer by accept_collect(), accept_stream() or
                     // refuse()
    literal_chunk,   // octets of a streamed literal, as many as are there
    literal_end,     // its last octets, maybe none; comes with consumed == 0 for an empty literal
    line,            // what expect() asked for: an answer to a SASL challenge, or the end of IDLE; without line end
    too_long,        // over max_line_octets: told once; the rest of the command is dropped silently. BAD
    has_nul,         // text with a NUL outside of literals (RFC 9051 4): told once, dropped as above. BAD
  };
  enum class Expect : std::uint8_t { command, sasl_line, done };

  struct Item {
    Kind kind = Kind::need_more;
    // command: the complete text without its line end, collected literals in it as "{5}\r\nhello" (whatever line end
    // the client used; '~' and '+' are kept). literal_header: the text so far, without the header itself.
    std::string_view text = {};
    std::size_t consumed = 0;  // octets of the input that are done with
    std::string_view tag =
        {};  // command, literal_header, too_long, has_nul: "" when there is none. Also with `continued`
    LiteralHeader literal = {};  // literal_header
    // literal_header: accept_collect() will do; false when the literal is over max_literal_octets.
    bool collectable = false;
    // command, literal_header, too_long, has_nul: the text follows a streamed literal of the same command.
    bool continued = false;
  };

  explicit Receiver(const ReceiverLimits& limits = {}) : limits_(limits) {}

  // `input`: all octets not yet consumed. Call again with the rest after each item.
  Item next(std::string_view input);

  // What the next line is, when it is not a command: one line without literals, under max_line_octets; commands again
  // after it. Only between commands.
  void expect(Expect what);

  // False when it was over the limit and has been refused as by refuse().
  bool accept_collect();
  void accept_stream();
  void refuse();
  // Drops what is left of the command whose streamed literal is being received or has just ended (a message that cannot
  // be stored, a syntax error behind it), as refuse() does. The session has written or will write the tagged answer.
  void drop_command();

  // The last item's views are not needed any more: gives back the memory of a long command. next() does so too; worth
  // calling before a long wait.
  void release();

  // Takes effect with the next line (after sign-in more may be allowed).
  void set_limits(const ReceiverLimits& limits) { limits_ = limits; }
  // Forgets everything, for STARTTLS.
  void reset();

 private:
  enum class Mode : std::uint8_t {
    line,          // text of a command, or of the line expect() asked for
    decide,        // a literal header was handed out
    collect,       // octets of a literal that belongs to the text
    stream,        // octets of a literal that is handed out
    drop_line,     // the rest of a line that is dropped
    drop_literal,  // octets of a literal that is dropped
  };
  Item next_line(std::string_view input);
  Item line_ended(std::string_view line, std::size_t consumed);
  Item line_refused(Kind kind, std::string_view line, std::size_t consumed, bool ended);
  Item next_stream(std::string_view input);
  bool collectable() const;
  // These three return how many octets they took.
  std::size_t collect(std::string_view input);
  std::size_t drop_line(std::string_view input);
  std::size_t drop_literal(std::string_view input);
  void drop_octets(std::uint64_t octets);
  void dropped_line_ended(std::string_view line);
  void keep_tail(std::string_view dropped);
  void command_ended();

  ReceiverLimits limits_;
  Mode mode_ = Mode::line;
  Expect expect_ = Expect::command;
  bool continued_ = false;
  bool in_command_ = false;      // a part of the command has been seen
  bool release_ = false;         // text_ was handed out for the last time
  std::size_t scanned_ = 0;      // octets of the input known to hold no line end
  std::size_t line_octets_ = 0;  // text of this command in earlier lines
  std::size_t collected_ = 0;    // octets of collected literals of this command
  std::uint64_t literal_left_ = 0;
  LiteralHeader header_;
  std::string text_;  // text in earlier lines of this command
  std::string tag_;   // of a command with more than one line, or dropped
  std::string tail_;  // drop_line: the last octets, where a literal header may be
};

}  // namespace gatepost::imap
