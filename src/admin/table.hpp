#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/command.hpp"

namespace gatepost::admin {

// A list as people and programs read it: aligned columns, and an array of objects with the same names.
// Values that are numbers or booleans in JSON are added with number() and boolean(). Text may come from anywhere: what
// is not UTF-8 is replaced, and controls too where a terminal would obey them.
class Table {
 public:
  explicit Table(std::vector<std::string_view> columns) : columns_(std::move(columns)) {}
  Table& row();
  Table& text(std::string_view value);
  Table& number(std::uint64_t value);
  Table& boolean(bool value);
  // `empty`: the sentence instead of a table without rows.
  Reply reply(std::string_view empty) const;

 private:
  struct Cell {
    std::string shown;
    enum class Kind { text, number, boolean } kind;
  };
  std::vector<std::string_view> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// One sentence, and {"done": sentence, "name": name} with what else programs want to know.
Reply done(std::string_view sentence, std::string_view name,
           const std::vector<std::pair<std::string_view, std::string>>& more = {});

}  // namespace gatepost::admin
