#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/number_set.hpp"
#include "imap/protocol/flags.hpp"
#include "imap/protocol/sequence_set.hpp"
#include "imap/protocol/syntax.hpp"

namespace gatepost::imap {

// Reads the text of one command from the front, literals inline as Receiver collects them. The first failure counts:
// after it ok() is false, at_end() is true, and everything read is zero or empty, so loops end and nobody needs to ask
// after each step. Views point into the text. Each function is named after its rule in RFC 9051 9.
class Tokens {
 public:
  Tokens(std::string_view text, const ParseOptions& options) : rest_(text), options_(options) {}

  bool ok() const { return ok_; }
  void fail(std::string_view detail, Fault fault = Fault::syntax);
  SyntaxError error(std::string_view tag) const { return {fault_, std::string(tag), detail_}; }
  const ParseOptions& options() const { return options_; }

  bool at_end() const { return rest_.empty(); }
  // At the end, or before spaces that are forgiven there.
  bool at_last() const;
  void end();  // fails unless at_last()
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  // What comes next is `text`, in any case.
  bool peek_text(std::string_view text) const;

  bool skip(char c);
  void expect(char c, std::string_view detail);
  void space();
  // The next atom is `upper`, in any case; then it is dropped.
  bool skip_atom(std::string_view upper);

  std::string_view atom();
  std::string_view name();  // letters, digits, '.', '-', '_': at least one
  std::string string();
  std::string string_or_literal8();  // the latter may hold NUL
  std::string astring();
  std::string list_mailbox();  // of LIST and LSUB, decoded
  std::string mailbox();       // decoded
  std::uint32_t number();
  std::uint32_t nz_number();
  std::uint64_t number64();  // below 2^63, also for mod-sequences, zero included
  SequenceSet sequence_set();
  NumberSet uid_set();  // without '*' and '$'
  // flag-list, in any number; with `bare` also flags without parentheses up to the end (STORE).
  Flags flag_list(bool bare);

 private:
  std::string_view run(std::uint8_t classes);
  std::string quoted();
  std::string literal(bool binary = false);
  std::uint64_t digits(std::uint64_t largest, std::string_view detail);
  void flag(Flags& flags);

  std::string_view rest_;
  const ParseOptions& options_;
  bool ok_ = true;
  Fault fault_ = Fault::syntax;
  std::string_view detail_;
};

}  // namespace gatepost::imap
