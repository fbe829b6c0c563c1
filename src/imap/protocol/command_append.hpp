#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

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

// Reads APPEND and REPLACE (RFC 9051 6.3.12, RFC 3502, RFC 3516 4.4, RFC 6855 4, RFC 8508) in the stages its messages leave it in:
//
//   Receiver item            call                           answer          then, to the receiver
//   literal_header, APPEND   AppendReader r(options);
//                            r.literal_header(text, lit)    more            "+ ...", accept_collect(): the mailbox's
//                            name
//                                                           message         mailbox(), message(): NO and refuse(), or
//                                                                           "+ ..." and accept_stream()
//                                                           SyntaxError     BAD and refuse()
//   literal_chunk, _end      -                              -               store the octets
//   literal_header, cont.    r.literal_header(text, lit)    as above        the next message of MULTIAPPEND
//   command, continued       r.end(text)                    none            commit, tagged OK
//                                                           SyntaxError     discard, BAD
// "+ ..." only when the literal is synchronizing. An APPEND that comes as `command` without being continued has no
// message: parse_command() refuses it. Choose by verb_of(text) == Verb::append at the first literal_header; `continued`
// afterwards.
class AppendReader {
 public:
  enum class Next : std::uint8_t { more, message };

  explicit AppendReader(const ParseOptions& options = {}) : options_(options) {}

  // `text`, `literal`: of the receiver's item.
  std::expected<Next, SyntaxError> literal_header(std::string_view text, const LiteralHeader& literal);
  // The text behind the last message.
  std::expected<void, SyntaxError> end(std::string_view text);

  const std::string& tag() const { return tag_; }
  const std::string& mailbox() const { return mailbox_; }  // UTF-8
  const std::optional<Replaced>& replaced() const { return replaced_; }  // none: APPEND
  const AppendMessage& message() const { return message_; }
  std::uint32_t messages() const { return messages_; }  // announced so far, this one included

 private:
  void read_name(Tokens& t);

  ParseOptions options_;
  std::string tag_, mailbox_;
  std::optional<Replaced> replaced_;
  AppendMessage message_;
  std::uint32_t messages_ = 0;
};

}  // namespace gatepost::imap
