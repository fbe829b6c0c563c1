#include "imap/protocol/tokens.hpp"

#include <algorithm>
#include <utility>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "imap/protocol/characters.hpp"
#include "imap/protocol/mailbox_name.hpp"
#include "imap/protocol/receiver.hpp"

namespace gatepost::imap {

void Tokens::fail(std::string_view detail, Fault fault) {
  if (!ok_) return;
  ok_ = false;
  fault_ = fault;
  detail_ = detail;
  rest_ = {};
}

bool Tokens::at_last() const {
  if (rest_.empty()) return true;
  return options_.trailing_space && rest_.find_first_not_of(' ') == std::string_view::npos;
}

void Tokens::end() {
  if (!at_last()) fail("Unexpected arguments at the end");
}

bool Tokens::peek_text(std::string_view text) const { return ascii::istarts_with(rest_, text); }

bool Tokens::skip(char c) {
  if (rest_.empty() || rest_.front() != c) return false;
  rest_.remove_prefix(1);
  return true;
}

void Tokens::expect(char c, std::string_view detail) {
  if (!skip(c)) fail(detail);
}

void Tokens::space() { expect(' ', at_end() ? "An argument is missing" : "A space is missing between arguments"); }

bool Tokens::skip_atom(std::string_view upper) {
  if (!peek_text(upper)) return false;
  if (upper.size() < rest_.size() && is_atom_char(rest_[upper.size()])) return false;
  rest_.remove_prefix(upper.size());
  return true;
}

std::string_view Tokens::run(std::uint8_t classes) {
  std::size_t end = 0;
  while (end < rest_.size() && is_in(rest_[end], classes)) ++end;
  const std::string_view text = rest_.substr(0, end);
  rest_.remove_prefix(end);
  return text;
}

std::string_view Tokens::atom() {
  const std::string_view text = run(character::kAtom);
  if (text.empty()) fail("An atom is missing");
  return text;
}

std::string_view Tokens::name() {
  const std::string_view text = run(character::kName);
  if (text.empty()) fail("A name is missing");
  return text;
}

// string = quoted / literal
std::string Tokens::string() {
  switch (peek()) {
    case '"':
      return quoted();
    case '{':
      return literal();
    case '~':
      fail("A literal8 is not allowed here");
      return {};
    default:
      fail("A string is missing");
      return {};
  }
}

// quoted = DQUOTE *QUOTED-CHAR DQUOTE    QUOTED-CHAR = <any TEXT-CHAR except quoted-specials> / "\" quoted-specials /
// UTF8-2 ...
std::string Tokens::quoted() {
  std::string out;
  bool eight_bit = false;
  std::size_t i = 1;
  for (; i < rest_.size() && rest_[i] != '"'; ++i) {
    char c = rest_[i];
    if (c == '\\') {
      c = ++i < rest_.size() ? rest_[i] : '\0';
      if (c != '\\' && c != '"') {
        fail("A backslash in a quoted string may only stand before a quote or a backslash");
        return {};
      }
    } else if (c == '\r' || c == '\n' || c == '\0') {
      fail("A quoted string holds a line end");
      return {};
    }
    eight_bit = eight_bit || ascii::is_8bit(c);
    out += c;
  }
  if (i >= rest_.size()) {
    fail("A quoted string has no end");
    return {};
  }
  if (eight_bit && (options_.utf8 ? !utf8::is_valid(out) : !options_.quoted_8bit)) {
    fail(options_.utf8 ? "A quoted string is not UTF-8" : "A quoted string holds 8-bit octets");
    return {};
  }
  rest_.remove_prefix(i + 1);
  return out;
}

std::string Tokens::string_or_literal8() {
  if (!skip('~')) return string();
  if (peek() == '{') return literal(true);
  fail("A literal8 is malformed");
  return {};
}

std::string Tokens::literal(bool binary) {
  const std::size_t line_end = rest_.find("\r\n");
  const auto found = find_literal_header(rest_.substr(0, line_end));
  if (line_end == std::string_view::npos || !found || found->at != 0) {
    fail("A literal is malformed");
    return {};
  }
  const std::string_view behind = rest_.substr(line_end + 2);
  if (found->header.octets > behind.size()) {
    fail("A literal is incomplete");
    return {};
  }
  const std::string_view octets = behind.substr(0, static_cast<std::size_t>(found->header.octets));
  // RFC 9051 4.3: CHAR8 is any octet but NUL.
  if (!binary && octets.find('\0') != std::string_view::npos) {
    fail("A literal holds a NUL");
    return {};
  }
  rest_ = behind.substr(octets.size());
  return std::string(octets);
}

// astring = 1*ASTRING-CHAR / string
std::string Tokens::astring() {
  if (peek() == '"' || peek() == '{') return string();
  const std::string_view text = run(character::kAstring);
  if (text.empty()) fail("A string is missing");
  return std::string(text);
}

std::string Tokens::mailbox() {
  const std::string wire = astring();
  if (!ok_) return {};
  auto decoded = read_mailbox_name(wire, options_.utf8, options_.delimiter);
  if (!decoded) {
    fail(options_.utf8 ? "The mailbox name is not UTF-8 without controls" : "The mailbox name is not modified UTF-7",
         Fault::bad_mailbox_name);
  }
  return std::move(decoded).value_or(std::string());
}

// list-mailbox = 1*list-char / string
std::string Tokens::list_mailbox() {
  std::string wire = peek() == '"' || peek() == '{' ? string() : std::string(run(character::kList));
  if (!ok_) return {};
  auto decoded = read_mailbox_pattern(wire, options_.utf8);
  if (!decoded) {
    fail(options_.utf8 ? "The mailbox pattern is not UTF-8 without controls"
                       : "The mailbox pattern is not modified UTF-7",
         Fault::bad_mailbox_name);
  } else if (decoded->size() > kMaxPatternOctets) {
    fail("The mailbox pattern is too long", Fault::limit);
  }
  return ok_ ? *std::move(decoded) : std::string();
}

std::uint64_t Tokens::digits(std::uint64_t largest, std::string_view detail) {
  std::uint64_t value = 0;
  std::size_t i = 0;
  for (; i < rest_.size() && ascii::is_digit(rest_[i]); ++i) {
    const auto digit = static_cast<std::uint64_t>(rest_[i] - '0');
    if (value > (largest - digit) / 10) {
      fail("A number is too large");
      return 0;
    }
    value = value * 10 + digit;
  }
  if (i == 0) fail(detail);
  rest_.remove_prefix(i < rest_.size() ? i : rest_.size());
  return value;
}

std::uint32_t Tokens::number() { return static_cast<std::uint32_t>(digits(UINT32_MAX, "A number is missing")); }

std::uint32_t Tokens::nz_number() {
  const std::uint32_t value = number();
  if (value == 0) fail("A number that is not zero is missing");
  return value;
}

std::uint64_t Tokens::number64() { return digits(INT64_MAX, "A number is missing"); }

SequenceSet Tokens::sequence_set() {
  auto set = SequenceSet::parse(run(character::kSet));
  if (!set) fail("The message set is malformed");
  return std::move(set).value_or(SequenceSet());
}

NumberSet Tokens::uid_set() {
  const SequenceSet set = sequence_set();
  if (set.is_saved() || set.has_star()) fail("This message set may hold numbers only");
  return set.resolve(0);
}

// flag = "\Answered" / "\Flagged" / "\Deleted" / "\Seen" / "\Draft" / flag-keyword
void Tokens::flag(Flags& flags) {
  if (skip('\\')) {
    const std::string_view word = atom();
    const std::uint8_t bit = ok_ ? system_flag(std::string("\\").append(word)) : 0;
    if (bit == 0) fail("No such system flag");
    flags.system |= bit;
    return;
  }
  const std::string_view word = atom();
  if (!ok_) return;
  if (word.size() > kMaxKeywordOctets) return fail("A keyword is too long", Fault::limit);
  const auto same = [word](const std::string& other) { return ascii::iequals(word, other); };
  if (std::ranges::any_of(flags.keywords, same)) return;
  if (flags.keywords.size() == kMaxKeywords) return fail("Too many keywords", Fault::limit);
  flags.keywords.emplace_back(word);
}

// flag-list = "(" [flag *(SP flag)] ")"
Flags Tokens::flag_list(bool bare) {
  Flags flags;
  if (bare && peek() != '(') {
    do {
      flag(flags);
    } while (!at_last() && skip(' '));
    return flags;
  }
  expect('(', "A list of flags is missing");
  if (skip(')')) return flags;
  do {
    flag(flags);
  } while (skip(' '));
  expect(')', "The list of flags has no end");
  return flags;
}

}  // namespace gatepost::imap
