#include "sieve/lexer.hpp"

#include <limits>

#include "base/ascii.hpp"

namespace gatepost::sieve {
namespace {

bool is_word(char c) { return ascii::is_alnum(c) || c == '_'; }

std::string printable(char c) {
  if (!ascii::is_control(c) && !ascii::is_8bit(c)) return std::string("\"") + c + "\"";
  return "octet " + std::to_string(static_cast<unsigned char>(c));
}

}  // namespace

std::string Lexer::take_rule() { return std::exchange(rule_, {}); }

void Lexer::comment_line() {
  const std::size_t end = std::min(script_.find('\n', at_), script_.size());
  const std::string_view text = ascii::trim(script_.substr(at_ + 1, end - at_ - 1));
  if (text.starts_with("rule:[") && text.ends_with("]")) {
    constexpr std::size_t kMaxRuleName = 200;
    rule_ = text.substr(6, std::min(text.size() - 7, kMaxRuleName));
  }
  at_ = end;
}

// white-space = 1*(SP / CRLF / HTAB) / comment
Parsed<> Lexer::skip_blank() {
  while (at_ < script_.size()) {
    const char c = script_[at_];
    if (c == '\n') {
      ++line_;
      ++at_;
    } else if (ascii::is_space(c)) {
      ++at_;
    } else if (c == '#') {
      comment_line();
    } else if (starts("/*")) {
      const std::size_t end = script_.find("*/", at_ + 2);
      if (end == std::string_view::npos) return wrong(line_, "the comment that begins here has no end");
      for (; at_ < end + 2; ++at_) line_ += script_[at_] == '\n' ? 1 : 0;
    } else {
      break;
    }
  }
  return {};
}

// multi-line = "text:" *(SP / HTAB) (hash-comment / CRLF) ...
bool Lexer::at_text_keyword() const { return ascii::istarts_with(script_.substr(at_), "text:"); }

Parsed<Token> Lexer::next() {
  if (auto blank = skip_blank(); !blank) return std::unexpected(std::move(blank).error());
  Token token;
  token.line = line_;
  if (at_ >= script_.size()) return token;
  const char c = script_[at_];
  if (c == '"') return quoted();
  if (ascii::is_digit(c)) return number();
  if (at_text_keyword()) return multi_line();
  if (c == ':' || ascii::is_alpha(c) || c == '_') {
    token.kind = c == ':' ? Token::Kind::tag : Token::Kind::identifier;
    at_ += c == ':' ? 1 : 0;
    const std::size_t begin = at_;
    if (ascii::is_digit(peek())) return wrong(line_, "a tag begins with a letter");
    while (at_ < script_.size() && is_word(script_[at_])) ++at_;
    if (at_ == begin) return wrong(line_, "a colon without the name of a tag");
    token.text = ascii::to_lower(script_.substr(begin, at_ - begin));
    return token;
  }
  if (std::string_view("[](){},;").find(c) == std::string_view::npos) {
    return wrong(line_, printable(c) + " does not belong here");
  }
  ++at_;
  token.kind = Token::Kind::punctuation;
  token.punctuation = c;
  return token;
}

// number = 1*DIGIT [ QUANTIFIER ]
Parsed<Token> Lexer::number() {
  Token token;
  token.kind = Token::Kind::number;
  token.line = line_;
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max() >> 34;
  for (; ascii::is_digit(peek()); ++at_) {
    token.number = token.number * 10 + static_cast<std::uint64_t>(script_[at_] - '0');
    if (token.number > kMost) return wrong(line_, "the number is too large");
  }
  switch (ascii::lower(peek())) {
    case 'k':
      token.number <<= 10;
      break;
    case 'm':
      token.number <<= 20;
      break;
    case 'g':
      token.number <<= 30;
      break;
    default:
      if (is_word(peek())) return wrong(line_, "a number ends in K, M, G or a digit");
      return token;
  }
  ++at_;
  if (is_word(peek())) return wrong(line_, "a number ends in K, M, G or a digit");
  return token;
}

// quoted-string = DQUOTE quoted-text DQUOTE
Parsed<Token> Lexer::quoted() {
  Token token;
  token.kind = Token::Kind::string;
  token.line = line_;
  for (++at_; at_ < script_.size(); ++at_) {
    char c = script_[at_];
    if (c == '"') {
      ++at_;
      return token;
    }
    if (c == '\\' && at_ + 1 < script_.size() && script_[at_ + 1] != '\r' && script_[at_ + 1] != '\n') {
      c = script_[++at_];
    } else if (c == '\n') {
      ++line_;
      if (!token.text.ends_with('\r')) token.text += '\r';
    }
    if (c == '\0') return wrong(line_, "a string holds a NUL");
    token.text += c;
  }
  return wrong(token.line, "the string that begins here has no end");
}

Parsed<Token> Lexer::multi_line() {
  Token token;
  token.kind = Token::Kind::string;
  token.line = line_;
  at_ += 5;
  while (ascii::is_blank(peek())) ++at_;
  if (peek() == '#') comment_line();
  if (peek() == '\r') ++at_;
  if (peek() != '\n') return wrong(line_, "the line ends behind text:");
  ++at_;
  ++line_;
  while (at_ < script_.size()) {
    const std::size_t end = script_.find('\n', at_);
    if (end == std::string_view::npos) break;
    std::string_view line = script_.substr(at_, end - at_);
    if (line.ends_with('\r')) line.remove_suffix(1);
    at_ = end + 1;
    ++line_;
    if (line == ".") return token;
    // multiline-dotstart: a leading dot goes when another one follows.
    if (line.starts_with("..")) line.remove_prefix(1);
    if (line.find('\0') != std::string_view::npos) return wrong(line_ - 1, "a string holds a NUL");
    token.text.append(line).append("\r\n");
  }
  return wrong(token.line, "the text that begins here has no line with a dot alone");
}

}  // namespace gatepost::sieve
