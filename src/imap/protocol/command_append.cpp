#include "imap/protocol/command_append.hpp"

#include "base/ascii.hpp"
#include "imap/protocol/tokens.hpp"

namespace gatepost::imap {
namespace {

// append-message = [SP flag-list] [SP date-time] SP append-data
// append-data = literal / literal8 / append-data-ext      append-data-ext = "UTF8" SP "(" literal8 ")"
// From behind the space up to the literal.
AppendMessage read_message(Tokens& t, const LiteralHeader& literal) {
  AppendMessage out;
  out.literal = literal;
  if (t.peek() == '(') {
    out.flags = t.flag_list(false);
    t.space();
  }
  if (t.peek() == '"') {
    out.date = date::parse_imap_datetime(t.string());
    if (!out.date) t.fail("The date and time of APPEND is malformed");
    t.space();
  }
  if (t.skip_atom("UTF8")) {
    out.utf8 = true;
    t.space();
    t.expect('(', "The message of APPEND UTF8 stands in parentheses");
    if (!literal.binary) t.fail("The message of APPEND UTF8 is a literal8");
  }
  if (!t.at_end()) t.fail("The message of APPEND must be a literal");
  return out;
}

}  // namespace

// replace = "REPLACE" SP seq-number SP mailbox append-message
// uid-replace = "UID" SP "REPLACE" SP uniqueid SP mailbox append-message      (RFC 8508 6)
void AppendReader::read_name(Tokens& t) {
  replaced_.reset();
  if (tag_.empty()) t.fail("This is not APPEND");
  const bool uid = t.skip_atom("UID");
  if (uid) t.space();
  if (t.skip_atom("REPLACE")) {
    t.space();
    replaced_ = Replaced{.uid = uid, .number = !uid && t.skip('*') ? 0 : t.nz_number()};
  } else if (uid || !t.skip_atom("APPEND")) {
    t.fail("This is not APPEND");
  }
}

// append = "APPEND" SP mailbox 1*append-message      (RFC 3502 6.3.11)
std::expected<AppendReader::Next, SyntaxError> AppendReader::literal_header(std::string_view text,
                                                                            const LiteralHeader& literal) {
  if (messages_ == 0) tag_ = tag_of(text);
  Tokens t(messages_ == 0 ? text.substr(tag_.size()) : text, options_);
  if (messages_ == 0) {
    t.space();
    read_name(t);
    t.space();
    if (t.ok() && t.at_end() && !literal.binary) return Next::more;
    mailbox_ = t.mailbox();
  } else {
    if (replaced_) t.fail("REPLACE takes one message");
    if (message_.utf8) t.expect(')', "The message of APPEND UTF8 has no closing parenthesis");
  }
  t.space();
  AppendMessage message = read_message(t, literal);
  if (!t.ok()) return std::unexpected(t.error(tag_));
  message_ = std::move(message);
  ++messages_;
  return Next::message;
}

std::expected<void, SyntaxError> AppendReader::end(std::string_view text) {
  Tokens t(text, options_);
  if (messages_ == 0) t.fail("APPEND needs a message as literal");
  if (message_.utf8) t.expect(')', "The message of APPEND UTF8 has no closing parenthesis");
  t.end();
  if (!t.ok()) return std::unexpected(t.error(tag_));
  return {};
}

}  // namespace gatepost::imap
