#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gatepost::base64 {

// RFC 4648 4: standard alphabet, padded, no line breaks.
std::string encode(std::string_view bytes);
// Strict: RFC 4648 4 with correct padding and no other characters; nullopt otherwise. For SASL and keys.
std::optional<std::string> decode(std::string_view text);

}  // namespace gatepost::base64
