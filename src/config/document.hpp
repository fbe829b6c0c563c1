#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.hpp"

namespace gatepost::config {

// A value of a TOML text, for files that are not the configuration.
struct Node {
  enum class Kind : std::uint8_t { other, boolean, integer, string, array, table };  // other: a float, a date, a time
  Kind kind = Kind::other;
  std::uint32_t line = 0;
  bool boolean = false;
  std::int64_t integer = 0;
  std::string string;
  std::vector<Node> elements;      // of an array or a table, here in order of names
  std::vector<std::string> names;  // of a table: as many as elements
};

// The table that is the whole text. Its problem names the line.
std::expected<Node, Problem> parse_document(std::string_view text, std::string_view filename);

}  // namespace gatepost::config
