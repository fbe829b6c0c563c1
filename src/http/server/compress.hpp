#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gatepost::http::server {

// Content codings (RFC 9110 8.4.1): gzip, zstd (RFC 8878), br (RFC 7932).
enum class Coding : std::uint8_t { gzip, zstd, brotli };
std::string_view to_string(Coding coding);

// `octets` as small as the library makes them; for content that is made once and sent often. "": it failed.
std::string compress(Coding coding, std::string_view octets);

}  // namespace gatepost::http::server
