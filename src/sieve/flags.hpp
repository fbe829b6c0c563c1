#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gatepost::sieve {

using Flags = std::vector<std::string>;

// Adds the flags that `list` names, apart by blanks, unless they are there, whatever their case; what is no flag that a
// client may set is left out (RFC 5232 2). At most kMaxFlags.
void add_flags(Flags& flags, std::string_view list);
void remove_flags(Flags& flags, std::string_view list);
std::string join(const Flags& flags);

}  // namespace gatepost::sieve
