#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sieve/error.hpp"

namespace gatepost::sieve {

struct Argument {
  enum class Kind : std::uint8_t { tag, number, strings };
  Kind kind = Kind::tag;
  unsigned line = 0;
  std::string tag;  // in lower case, without the colon
  std::uint64_t number = 0;
  std::vector<std::string> strings;  // never empty
  bool is_list = false;              // written in brackets
};

// A command or a test as the grammar has it (RFC 5228 8.2); what it means is the compiler's.
struct Node {
  std::string name;  // in lower case
  unsigned line = 0;
  std::vector<Argument> arguments;
  std::vector<Node> tests;
  bool has_test_list = false;  // the tests are in parentheses
  std::vector<Node> block;
  bool has_block = false;
  std::string rule;  // of commands at the top: how a comment before it names it
};

// Errors say line and cause; a script beyond limits.hpp is one.
Parsed<std::vector<Node>> parse(std::string_view script);

}  // namespace gatepost::sieve
