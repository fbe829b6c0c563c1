#include "imap/protocol/command_append.hpp"

#include "base/ascii.hpp"
#include "imap/protocol/tokens.hpp"

namespace gatepost::imap {
namespace {

constexpr std::size_t kMaxCatenateSteps = 1000;  // between two literals

bool ends_in_url(std::string_view text) {
  return text.size() >= 4 && ascii::iequals(text.substr(text.size() - 4), "URL ");
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
void AppendReader::read_target(Tokens& t) {
  t.space();
  read_name(t);
  t.space();
}

// append-message = [SP flag-list] [SP date-time] SP append-data
// append-data = literal / literal8 / append-data-ext
// append-data-ext = "UTF8" SP "(" literal8 ")" / "CATENATE" SP "(" cat-part *(SP cat-part) ")"
// From behind the space up to the literal, or into CATENATE: true.
bool AppendReader::read_message(Tokens& t) {
  if (replaced_ && messages_ > 0) t.fail("REPLACE takes one message");
  message_ = {};
  if (t.peek() == '(') {
    message_.flags = t.flag_list(false);
    t.space();
  }
  if (t.peek() == '"') {
    message_.date = date::parse_imap_datetime(t.string());
    if (!message_.date) t.fail("The date and time of APPEND is malformed");
    t.space();
  }
  ++messages_;
  if (!t.skip_atom("CATENATE")) return false;
  t.space();
  t.expect('(', "The parts of CATENATE stand in parentheses");
  steps_.push_back({.kind = CatenateStep::Kind::begin});
  in_catenate_ = first_part_ = true;
  return true;
}

// cat-part = "TEXT" SP literal / "URL" SP astring / "UTF8" SP "(" literal8 ")"      (RFC 4469 5, RFC 6855 4)
// True: a literal comes. False: the message is complete.
bool AppendReader::read_parts(Tokens& t) {
  if (part_utf8_) t.expect(')', "A part of CATENATE has no closing parenthesis");
  part_utf8_ = false;
  while (t.ok()) {
    if (!first_part_ && t.skip(')')) break;
    if (!first_part_) t.space();
    first_part_ = false;
    if (t.skip_atom("URL")) {
      t.space();
      if (t.at_end()) return true;
      if (steps_.size() == kMaxCatenateSteps) t.fail("Too many parts", Fault::limit);
      steps_.push_back({.kind = CatenateStep::Kind::url, .url = t.astring()});
      continue;
    }
    part_utf8_ = t.skip_atom("UTF8");
    if (!part_utf8_ && !t.skip_atom("TEXT")) t.fail("A part of CATENATE is TEXT or URL");
    t.space();
    if (part_utf8_) t.expect('(', "A part of CATENATE in UTF8 stands in parentheses");
    message_.utf8 = message_.utf8 || part_utf8_;
    if (!t.at_end()) t.fail("TEXT has to be a literal");
    return true;
  }
  in_catenate_ = false;
  if (steps_.size() < kMaxCatenateSteps + 2) steps_.push_back({.kind = CatenateStep::Kind::end});
  return false;
}

AppendReader::Next AppendReader::read_to_literal(Tokens& t, const LiteralHeader& literal, bool first) {
  while (t.ok()) {
    if (in_catenate_ && read_parts(t)) {
      if (part_utf8_ && !literal.binary) t.fail("A part of CATENATE in UTF8 is a literal8");
      message_.literal = literal;
      return Next::part;
    }
    if (!first) t.space();
    first = false;
    if (read_message(t)) continue;
    if (t.skip_atom("UTF8")) {
      message_.utf8 = true;
      t.space();
      t.expect('(', "The message of APPEND UTF8 stands in parentheses");
      if (!literal.binary) t.fail("The message of APPEND UTF8 is a literal8");
    }
    if (!t.at_end()) t.fail("The message of APPEND must be a literal");
    message_.literal = literal;
    return Next::message;
  }
  return Next::more;
}

std::expected<AppendReader::Next, SyntaxError> AppendReader::literal_header(std::string_view text,
                                                                            const LiteralHeader& literal) {
  const bool first = messages_ == 0;
  if (first) tag_ = tag_of(text);
  Tokens t(first ? text.substr(tag_.size()) : text, options_);
  const AppendReader before = *this;
  steps_.clear();
  if (first) {
    read_target(t);
    if (t.ok() && t.at_end() && !literal.binary) return Next::more;
    mailbox_ = t.mailbox();
  } else if (!in_catenate_ && message_.utf8) {
    t.expect(')', "The message of APPEND UTF8 has no closing parenthesis");
  }
  const Next next = read_to_literal(t, literal, false);
  if (!t.ok()) return std::unexpected(t.error(tag_));
  // The text of a URL that is a literal: all of this is read again with it.
  if (next == Next::part && ends_in_url(text) && !literal.binary) {
    *this = before;
    return Next::more;
  }
  return next;
}

std::expected<void, SyntaxError> AppendReader::read_to_end(Tokens& t, bool first) {
  if (in_catenate_ && read_parts(t)) t.fail("The message of APPEND must be a literal");
  while (t.ok() && (first || !t.at_last())) {
    first = false;
    t.space();
    if (!read_message(t) || read_parts(t)) t.fail("The message of APPEND must be a literal");
  }
  t.end();
  if (!t.ok()) return std::unexpected(t.error(tag_));
  return {};
}

std::expected<void, SyntaxError> AppendReader::end(std::string_view text) {
  Tokens t(text, options_);
  steps_.clear();
  if (messages_ == 0) t.fail("APPEND needs a message as literal");
  if (!in_catenate_ && message_.utf8 && !part_utf8_)
    t.expect(')', "The message of APPEND UTF8 has no closing parenthesis");
  return read_to_end(t, false);
}

std::expected<void, SyntaxError> AppendReader::whole(std::string_view text) {
  tag_ = tag_of(text);
  Tokens t(text.substr(tag_.size()), options_);
  steps_.clear();
  read_target(t);
  mailbox_ = t.mailbox();
  return read_to_end(t, true);
}

}  // namespace gatepost::imap
