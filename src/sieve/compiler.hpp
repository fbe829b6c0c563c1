#pragma once

#include <string_view>

#include "sieve/arguments.hpp"
#include "sieve/parser.hpp"
#include "sieve/program.hpp"

namespace gatepost::sieve {

// From the grammar's tree to a program. One per script.
class Compiler {
 public:
  explicit Compiler(ExtensionSet required) : required_(required) {}

  Parsed<Block> block(const std::vector<Node>& nodes);
  bool reads_bodies() const { return reads_bodies_; }

 private:
  // Commands (compile_commands.cpp).
  Parsed<Command> command(const Node& node);
  Parsed<Command> choose(const std::vector<Node>& nodes, std::size_t& at);
  Parsed<> keep(const Node& node, Command& out);
  Parsed<> file_into(const Node& node, Command& out);
  Parsed<> redirect(const Node& node, Command& out);
  Parsed<> with_reason(const Node& node, Command& out);
  Parsed<> set(const Node& node, Command& out);
  Parsed<> flags(const Node& node, Command& out);
  Parsed<> vacation(const Node& node, Command& out);
  Parsed<bool> flags_tag(const Argument& tag, Arguments& arguments, Command& out);

  // Tests (compile_tests.cpp).
  Parsed<Test> test(const Node& node);
  Parsed<> test_arguments(const Node& node, Test& out);
  Parsed<> group(const Node& node, Test& out);
  Parsed<> address(const Node& node, Test& out);
  Parsed<> date(const Node& node, Test& out);
  Parsed<> duplicate(const Node& node, Test& out);
  Parsed<> body(const Node& node, Test& out);
  Parsed<> size(const Node& node, Test& out);
  Parsed<> has_flag(const Node& node, Test& out);
  Parsed<> special_use(const Node& node, Test& out);
  Parsed<> compared(const Node& node, Test& out, std::string_view names, bool may_index);

  // Each: whether the tag is one of theirs, and was taken.
  Parsed<bool> match_tag(const Argument& tag, Arguments& arguments, Test& out);
  Parsed<bool> part_tag(const Argument& tag, Arguments& arguments, Test& out);
  Parsed<bool> index_tag(const Argument& tag, Arguments& arguments, Test& out);
  Parsed<bool> zone_tag(const Argument& tag, Arguments& arguments, Test& out);
  static Parsed<> check_match(const Test& test);

  // The script may use `e` here: it asked for it, or has to find it by "ihave" before this is reached.
  Parsed<> need(Extension e, Origin& origin, std::string_view what);
  bool has_ihave() const { return required_.has(Extension::ihave); }

  ExtensionSet required_;
  bool reads_bodies_ = false;
};

std::unexpected<ScriptError> unknown_tag(const Node& node, const Argument& tag);

}  // namespace gatepost::sieve
