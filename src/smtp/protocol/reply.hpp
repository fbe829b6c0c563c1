#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace gatepost::smtp {

// RFC 3463 2: class.subject.detail
struct EnhancedCode {
  std::uint8_t klass = 0;                 // 2, 4, 5
  std::uint16_t subject = 0, detail = 0;  // 0 to 999
  bool operator==(const EnhancedCode&) const = default;
  std::string to_string() const;
};

// A reply with one or more lines (RFC 5321 4.2). Enhanced codes go on every line (RFC 2034 4), and belong neither to
// the greeting nor to replies to HELO and EHLO nor to 3xx.
struct Reply {
  int code = 0;  // 200 to 599
  std::optional<EnhancedCode> enhanced;
  std::vector<std::string> lines;  // without code; at least one when written by us
  bool operator==(const Reply&) const = default;

  bool positive() const { return code >= 200 && code < 300; }
  bool intermediate() const { return code >= 300 && code < 400; }
  bool transient() const { return code >= 400 && code < 500; }
  bool permanent() const { return code >= 500; }
  // "550 5.1.1 no such user", lines joined by a space: for logs, bounces and queue records. Printable UTF-8.
  std::string summary() const;
};
Reply make_reply(int code, std::string text);                         // "354 go ahead"
Reply make_reply(int code, EnhancedCode enhanced, std::string text);  // make_reply(550, {5, 1, 1}, "no such user")

inline constexpr std::size_t kMaxReplyLineOctets = 512;  // RFC 5321 4.5.3.1.5, with CRLF: what we write

// Appends `reply` with CRLF. Control characters in the text become spaces, so text never breaks the framing; text that
// does not fit a line goes on in another one.
void write(std::string& out, const Reply& reply);
// A SASL challenge (RFC 4954 4): "334 " and `octets` in base64. One line whatever its length.
void write_challenge(std::string& out, std::string_view octets);

// Reads a server's replies, in pieces of any size.
class ReplyReader {
 public:
  static constexpr std::size_t kMaxLines = 100;
  static constexpr std::size_t kMaxLineOctets = 16 << 10;  // more than RFC 5321 allows: SASL challenges may be long
  static constexpr std::size_t kMaxOctets = 64 << 10;      // of one reply

  // Takes octets from the front of `input`, at most up to the end of one reply. The reply when it is complete, nullopt
  // when all of `input` was taken and there is more to come. Errc::invalid: not a reply; Errc::too_large: over a limit;
  // the connection is then of no more use. Lines may end with LF alone. Control characters in the text become spaces;
  // it is not necessarily UTF-8.
  Result<std::optional<Reply>> read(std::string_view& input);
  // A reply has begun and is not complete: the connection must not end now.
  bool in_reply() const { return !line_.empty() || reply_.code != 0; }

 private:
  Result<bool> take_line(std::string_view line);  // true: it was the last one

  std::string line_;
  Reply reply_;
  std::size_t octets_ = 0;
};

// What a server offered in its reply to EHLO.
struct Capabilities {
  std::string hostname;                        // first word of the first line
  bool pipelining = false;                     // RFC 2920
  bool eight_bit_mime = false;                 // RFC 6152
  bool binary_mime = false, chunking = false;  // RFC 3030
  bool smtputf8 = false;                       // RFC 6531
  bool enhanced_status_codes = false;          // RFC 2034
  bool starttls = false;                       // RFC 3207
  bool dsn = false;                            // RFC 3461
  bool size = false;                           // RFC 1870
  std::optional<std::uint64_t> max_size;       // nullopt: no limit told
  std::vector<std::string> auth;               // mechanisms in upper case; the old form "AUTH=LOGIN" counts too
  bool operator==(const Capabilities&) const = default;
};
Capabilities parse_ehlo(const Reply& reply);

}  // namespace gatepost::smtp
