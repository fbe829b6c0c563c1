#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sieve/parser.hpp"
#include "sieve/program.hpp"

namespace gatepost::sieve {

// Takes the arguments of a command or test one by one: tags first, then what stands at places (RFC 5228 2.6.2). Borrows
// the node.
class Arguments {
 public:
  explicit Arguments(const Node& node) : node_(node) {}

  // The next tag; null: the next argument is none.
  const Argument* tag();
  // Notes that `what` was said, which may be said once (RFC 5228 2.6).
  Parsed<> once(std::string_view what);

  Parsed<Texts> texts(std::string_view what);
  Parsed<Text> text(std::string_view what);
  Parsed<std::string> constant(std::string_view what);  // a text without variables
  Parsed<std::uint64_t> number(std::string_view what);
  bool next_is_text() const;
  std::size_t left() const { return node_.arguments.size() - at_; }
  // Nothing more: neither arguments nor, unless it is said, tests and a block.
  Parsed<> end(bool with_tests = false, bool with_block = false) const;
  unsigned line() const;

 private:
  const Node& node_;
  std::size_t at_ = 0;
  std::vector<std::string> said_;
};

}  // namespace gatepost::sieve
