#include "mime/header.hpp"

#include <algorithm>
#include <cstring>

#include "base/ascii.hpp"
#include "mime/octets.hpp"

namespace gatepost::mime {
namespace {

// Octets up to and including the next LF, or all.
std::size_t line_octets(std::string_view text) {
  const std::size_t lf = text.find('\n');
  return lf == std::string_view::npos ? text.size() : lf + 1;
}

// field-name = 1*ftext       ftext = %d33-57 / %d59-126   (RFC 5322 3.6.8), and 8-bit octets
bool is_field_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return c != ' ' && !ascii::is_control(c); });
}

}  // namespace

std::optional<HeaderField> HeaderReader::next() {
  const std::string_view rest = block_.substr(at_);
  if (rest.empty() || rest.starts_with('\n') || rest.starts_with("\r\n")) return std::nullopt;
  const std::size_t first_line = line_octets(rest);
  std::size_t size = first_line;
  while (size < rest.size() && ascii::is_blank(rest[size])) size += line_octets(rest.substr(size));

  HeaderField field;
  field.whole = rest.substr(0, size);
  field.value = without_line_end(field.whole);
  field.offset = at_;
  at_ += size;
  const std::size_t colon = rest.substr(0, first_line).find(':');
  if (colon == std::string_view::npos) return field;
  std::string_view name = rest.substr(0, colon);
  while (!name.empty() && ascii::is_blank(name.back())) name.remove_suffix(1);  // RFC 5322 4.5: obsolete, read
  if (!is_field_name(name)) return field;
  field.name = name;
  field.value.remove_prefix(colon + 1);
  return field;
}

std::optional<std::string_view> find_field(std::string_view block, std::string_view name) {
  HeaderReader reader(block);
  while (const auto field = reader.next()) {
    if (ascii::iequals(field->name, name)) return field->value;
  }
  return std::nullopt;
}

void unfold(std::string_view value, std::string& out) {
  value = ascii::trim(value);
  if (value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos) {
    out += value;
    return;
  }
  const std::size_t start = out.size();
  std::ranges::copy_if(value, std::back_inserter(out), [](char c) { return c != '\r' && c != '\n' && c != '\0'; });
  // What NUL or CR kept from being trimmed.
  while (out.size() > start && ascii::is_blank(out.back())) out.pop_back();
  std::size_t blanks = start;
  while (blanks < out.size() && ascii::is_blank(out[blanks])) ++blanks;
  out.erase(start, blanks - start);
}

std::string unfold(std::string_view value) {
  std::string out;
  unfold(value, out);
  return out;
}

}  // namespace gatepost::mime
