#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace gatepost::ldap {

inline constexpr std::size_t kMaxDnOctets = 8192;
inline constexpr std::size_t kMaxRdns = 64;
inline constexpr std::size_t kMaxAvas = 16;  // of one relative name

// One attribute of a name, with its value out of the escapes.
struct Ava {
  std::string type, value;
  bool operator==(const Ava&) const = default;
};
using Rdn = std::vector<Ava>;  // never empty

// A distinguished name, the entry's own part first: uid=anna, ou=people, dc=example, dc=org. Empty: the root.
struct Dn {
  std::vector<Rdn> rdns;

  bool empty() const { return rdns.empty(); }
  Dn parent() const;  // of the root: the root
  bool operator==(const Dn&) const = default;
};

// RFC 4514 3, with the blanks around separators that RFC 2253 4 allowed. Errc::invalid otherwise, and over the limits.
Result<Dn> parse_dn(std::string_view text);
// RFC 4514 2. parse_dn(to_text(x)) == x
std::string to_text(const Dn& dn);
// A value as it stands in a name.
std::string escape_dn_value(std::string_view value);

// One text for all ways to write one name: types by their first names in lower case, values prepared by the rule of
// their type, the parts of a multi-valued relative name in order (RFC 4517 4.2.15). Not meant to be parsed; "," stands
// only between relative names, so that whatever ends in "," + x lies under x.
std::string normal_form(const Dn& dn);
std::string normal_form(const Rdn& rdn);

}  // namespace gatepost::ldap
