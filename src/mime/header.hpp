#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace gatepost::mime {

// One field of a header block (RFC 5322 2.2). Views into the block.
struct HeaderField {
  std::string_view name;  // without blanks before the colon; empty for a line without colon
  std::string_view
      value;  // behind the colon (or the whole line when there is none), still folded, without the last line end
  std::string_view whole;  // all of it, with its last line end
  std::size_t offset = 0;  // of `whole` in the block
};

// Goes through a header block field by field, up to the empty line or the end. Line ends are CRLF or LF. Nothing is an
// error: lines without colon are fields without name, any octet may be in a value, also NUL.
//   HeaderReader reader(block);  while (auto field = reader.next()) ...
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view block) : block_(block) {}
  std::optional<HeaderField> next();
  // Octets gone through: behind the last field, before the empty line if there is one.
  std::size_t offset() const { return at_; }

 private:
  std::string_view block_;
  std::size_t at_ = 0;
};

// The value of the first field `name`, still folded; ASCII case does not matter.
std::optional<std::string_view> find_field(std::string_view block, std::string_view name);

// A value without line ends (RFC 5322 2.2.3), NUL and the blanks around it. Blanks inside stay as they are.
std::string unfold(std::string_view value);
// Appends it to `out`.
void unfold(std::string_view value, std::string& out);

}  // namespace gatepost::mime
