#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace gatepost::ldap {

inline constexpr std::size_t kMaxFilterDepth = 64;    // and, or, not within each other
inline constexpr std::size_t kMaxFilterNodes = 2048;  // all of them, and the assertions

// A search filter (RFC 4511 4.5.1.7) as a tree laid flat: a node is followed by all that is below it.
struct Filter {
  enum class Kind : std::uint8_t {
    all,  // and; of none: true (RFC 4526)
    any,  // or; of none: false
    negation,
    equality,
    substrings,
    greater_or_equal,
    less_or_equal,
    present,
    approximate,
    extensible,
  };
  struct Node {
    Kind kind = Kind::present;
    std::uint32_t end = 0;                    // index behind all that is below
    std::string attribute;                    // as it was written; empty only for extensible
    std::string value;                        // not for substrings and present
    std::vector<std::string> parts;           // of substrings, in order
    bool from_start = false, to_end = false;  // substrings: the first part is initial, the last one final
    std::string rule;                         // extensible: name or OID; empty: that of the attribute
    bool dn_attributes = false;               // extensible: those of the name, too

    bool operator==(const Node&) const = default;
  };
  std::vector<Node> nodes;  // never empty

  bool operator==(const Filter&) const = default;
};

// One BER element. Errc::invalid: not a filter. Errc::limit: over kMaxFilterDepth or kMaxFilterNodes.
Result<Filter> parse_filter(std::string_view element);
// Appends it as BER.
void write(std::string& out, const Filter& filter);

// RFC 4515: "(&(objectClass=person)(cn=an*))". The outer parentheses may be left out around one assertion. Errors as
// above.
Result<Filter> parse_filter_text(std::string_view text);
// parse_filter_text(to_text(x)) == x
std::string to_text(const Filter& filter);

// Letters, digits, hyphens, dots, semicolons and (seen in the wild) underscores.
bool is_attribute_description(std::string_view text);

}  // namespace gatepost::ldap
