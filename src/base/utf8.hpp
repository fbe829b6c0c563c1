#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gatepost::utf8 {

// True when every octet belongs to a well-formed sequence (RFC 3629: no surrogates, no overlong forms, up to U+10FFFF).
bool is_valid(std::string_view text);
bool is_ascii(std::string_view text);
// Decodes the sequence at the front of `text` and drops it; a malformed octet gives U+FFFD and drops one octet.
char32_t next(std::string_view& text);
void append(std::string& out, char32_t code_point);
// Every malformed octet replaced by U+FFFD.
std::string sanitize(std::string_view text);

}  // namespace gatepost::utf8
