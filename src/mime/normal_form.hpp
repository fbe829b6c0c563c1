#pragma once

#include <string>
#include <string_view>

namespace gatepost::mime {

// UTF-8 in Unicode's normalization form C, as RFC 5198 3 asks for names that are compared. What is not UTF-8 comes back
// as it is.
std::string to_nfc(std::string_view utf8);

}  // namespace gatepost::mime
