#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gatepost::daemon {

// The start of an HTTP/1.x message as the metrics port takes it (RFC 9112): a request without content. The HTTP layer
// of the web services is another matter.
inline constexpr std::size_t kMaxHttpHeadOctets = 8 << 10;
inline constexpr std::size_t kMaxHttpFields = 64;

struct HttpRequest {
  enum class Kind : std::uint8_t {
    need_more,
    complete,
    malformed,      // 400: the grammar is broken, or content follows, or there is no Host
    too_large,      // 431: over one of the limits above
    other_version,  // 505
  };
  Kind kind = Kind::need_more;
  std::size_t consumed = 0;  // of a complete one: octets up to and with the empty line
  std::string_view method;   // views into the input
  std::string_view path;     // without the query
  bool keep_alive = false;   // RFC 9112 9.3
};

// Looks at all octets that have come. Pure; gives the same however the input is cut. Line ends are CRLF, strictly: what
// a proxy might read differently is refused (RFC 9112 11.2).
HttpRequest parse_http_request(std::string_view input);

}  // namespace gatepost::daemon
