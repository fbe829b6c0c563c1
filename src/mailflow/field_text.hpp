#pragma once

#include <string>
#include <string_view>

// What stands in header fields that are written here.
namespace gatepost::mailflow {

// Text beyond ASCII as encoded words of at most 75 octets (RFC 2047 2), on lines of their own.
std::string encoded_text(std::string_view text);

// A display name (RFC 5322 3.4): a quoted string, or encoded words.
std::string phrase(std::string_view name);

// mailbox = name-addr (RFC 5322 3.4); without a name the address alone, in angle brackets.
std::string mailbox_text(std::string_view name, std::string_view address);

}  // namespace gatepost::mailflow
