#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sieve/error.hpp"

namespace gatepost::sieve {

struct Token {
  enum class Kind : std::uint8_t { end, identifier, tag, number, string, punctuation };
  Kind kind = Kind::end;
  unsigned line = 1;
  std::string text;  // identifier and tag in lower case, without the colon; a string as it is meant
  std::uint64_t number = 0;
  char punctuation = 0;
  bool is(char c) const { return kind == Kind::punctuation && punctuation == c; }
};

// The words of a script (RFC 5228 8.1). Line ends are CRLF; LF alone is taken, too, and is CRLF in texts.
class Lexer {
 public:
  explicit Lexer(std::string_view script) : script_(script) {}
  Parsed<Token> next();
  // The name in the last comment "# rule:[name]" gone by since this was asked: how programs that write scripts name
  // their rules.
  std::string take_rule();

 private:
  Parsed<> skip_blank();
  Parsed<Token> number();
  Parsed<Token> quoted();
  Parsed<Token> multi_line();
  void comment_line();
  bool at_text_keyword() const;
  bool starts(std::string_view with) const { return script_.substr(at_).starts_with(with); }
  char peek() const { return at_ < script_.size() ? script_[at_] : '\0'; }

  std::string_view script_;
  std::size_t at_ = 0;
  unsigned line_ = 1;
  std::string rule_;
};

}  // namespace gatepost::sieve
