#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gatepost::base64 {

// RFC 4648 4: standard alphabet, padded, no line breaks.
std::string encode(std::string_view bytes);
// Strict: RFC 4648 4 with correct padding and no other characters; nullopt otherwise. For SASL and keys.
std::optional<std::string> decode(std::string_view text);

// RFC 4648 5 without padding: names of files, tokens, JSON Web Signatures (RFC 7515 2).
std::string encode_url(std::string_view bytes);
// Either alphabet, with padding or without; otherwise as strict as decode().
std::optional<std::string> decode_url(std::string_view text);

}  // namespace gatepost::base64
