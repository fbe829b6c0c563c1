#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/date.hpp"
#include "imap/protocol/flags.hpp"
#include "imap/protocol/receiver.hpp"
#include "imap/protocol/syntax.hpp"

namespace gatepost::imap {

class Tokens;

// One message of APPEND, as known before its octets come.
struct AppendMessage {
  Flags flags;
  std::optional<TimePoint> date;  // INTERNALDATE it is to have
  LiteralHeader literal;          // `binary`: literal8 (RFC 3516 4.4)
  bool utf8 = false;              // UTF8 (~{n} ... ): the header is UTF-8 (RFC 6855 4)
  bool operator==(const AppendMessage&) const = default;
};

// The message that REPLACE takes the place of (RFC 8508 3).
struct Replaced {
  bool uid = false;          // UID REPLACE
  std::uint32_t number = 0;  // 0: "*", the last one
  bool operator==(const Replaced&) const = default;
};

// What CATENATE (RFC 4469) asks for between literals, in order.
struct CatenateStep {
  enum class Kind : std::uint8_t { begin, url, end };  // a message begins; octets of another one; it is complete
  Kind kind = Kind::url;
  std::string url = {};
};

// Reads APPEND and REPLACE (RFC 9051 6.3.12, RFC 3502, RFC 3516 4.4, RFC 6855 4, RFC 8508) in the stages its messages
// leave it in:
//
//   Receiver item            call                           answer          then, to the receiver
//   literal_header, APPEND   AppendReader r(options);
//                            r.literal_header(text, lit)    more            "+ ...", accept_collect(): the mailbox's
//                            name
//                                                           message         mailbox(), message(): NO and refuse(), or
//                                                                           "+ ..." and accept_stream()
//                                                           part            the same, of a message that CATENATE puts
//                                                                           together; steps() come first
//                                                           SyntaxError     BAD and refuse()
//   literal_chunk, _end      -                              -               store the octets
//   literal_header, cont.    r.literal_header(text, lit)    as above        the next message of MULTIAPPEND
//   command, continued       r.end(text)                    none            commit, tagged OK
//                                                           SyntaxError     discard, BAD
//   command              r.whole(text)                  none            steps(): messages of URLs alone
// "+ ..." only when the literal is synchronizing. An APPEND that comes as `command` without being continued has no
// message: parse_command() refuses it. Choose by verb_of(text) == Verb::append at the first literal_header; `continued`
// afterwards.
class AppendReader {
 public:
  enum class Next : std::uint8_t { more, message, part };

  explicit AppendReader(const ParseOptions& options = {}) : options_(options) {}

  // `text`, `literal`: of the receiver's item.
  std::expected<Next, SyntaxError> literal_header(std::string_view text, const LiteralHeader& literal);
  // The text behind the last message.
  std::expected<void, SyntaxError> end(std::string_view text);
  // A command without any literal that is streamed.
  std::expected<void, SyntaxError> whole(std::string_view text);
  // What the last call asks for before anything else. `begin` starts message().
  const std::vector<CatenateStep>& steps() const { return steps_; }

  const std::string& tag() const { return tag_; }
  const std::string& mailbox() const { return mailbox_; }                // UTF-8
  const std::optional<Replaced>& replaced() const { return replaced_; }  // none: APPEND
  const AppendMessage& message() const { return message_; }
  std::uint32_t messages() const { return messages_; }  // announced so far, this one included

 private:
  void read_name(Tokens& t);
  void read_target(Tokens& t);
  bool read_message(Tokens& t);
  bool read_parts(Tokens& t);
  Next read_to_literal(Tokens& t, const LiteralHeader& literal, bool first);
  std::expected<void, SyntaxError> read_to_end(Tokens& t, bool first);

  ParseOptions options_;
  std::string tag_, mailbox_;
  std::optional<Replaced> replaced_;
  AppendMessage message_;
  std::uint32_t messages_ = 0;
  bool in_catenate_ = false, first_part_ = false;
  bool part_utf8_ = false;  // the part whose literal comes has a parenthesis to close
  std::vector<CatenateStep> steps_;
};

}  // namespace gatepost::imap
