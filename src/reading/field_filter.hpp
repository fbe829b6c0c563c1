#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gatepost::reading {

// Keeps of a header block that passes by in pieces the fields of some names, or all others, exactly as they are, and
// the empty line when there is one (RFC 9051 6.4.5.1). The same however it is cut; memory does not depend on the block.
// A line without colon belongs to no name.
class FieldFilter {
 public:
  FieldFilter(const std::vector<std::string>& names, bool except);
  void append(std::string_view piece, std::string& out);
  void finish(std::string& out);  // the block is complete

 private:
  enum class At : std::uint8_t { line, name, rest, done };
  std::size_t begin_line(std::string_view piece, std::string& out);
  std::size_t read_name(std::string_view piece, std::string& out);
  void decide(bool has_name, std::string& out);
  bool names(std::string_view name) const;

  std::vector<std::string> names_;  // lower case, sorted
  std::size_t longest_ = 0;
  bool except_;
  At at_ = At::line;
  bool keep_;  // the field that is passing by
  std::string held_;
};

}  // namespace gatepost::reading
