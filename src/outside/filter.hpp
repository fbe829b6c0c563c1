#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace gatepost::outside {

// A value for a filter (RFC 4515 3): NUL, parentheses, asterisk, backslash and whatever is not ASCII as "\xx", so that
// nothing in it is syntax.
std::string escape_value(std::string_view value);

// A name as somebody typed it, in the parts a filter can ask for.
struct Name {
  std::string whole;   // "anna@example.org", "EXAMPLE\anna", "anna"
  std::string user;    // "anna"
  std::string domain;  // "example.org", "EXAMPLE" or ""
  bool is_address = false;
};
// Errc::invalid: empty, longer than an address may be, not UTF-8, or with control characters.
Result<Name> read_name(std::string_view typed);

// `pattern` with {name} and {address} (the whole), {user} and {domain} replaced, each escaped.
std::string fill(std::string_view pattern, const Name& name);

// Both conditions (RFC 4515 3: and).
std::string both(std::string_view a, std::string_view b);

}  // namespace gatepost::outside
