#pragma once

#include <string>
#include <string_view>

namespace gatepost::mime {

// The form of a text whose octets are compared to put texts in order: i;unicode-casemap (RFC 5051 2), titlecase and
// full decomposition. Appended to `key`; malformed octets become U+FFFD.
void append_collation_key(std::string_view utf8, std::string& key);

}  // namespace gatepost::mime
