#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/ip.hpp"

namespace gatepost::runtime {

// The header a proxy puts before the client's octets ("The PROXY protocol", HAProxy, versions 1 and 2).
struct ProxyHeader {
  enum class Kind { need_more, invalid, complete };
  Kind kind = Kind::need_more;
  std::size_t size = 0;  // octets of a complete header
  // The client's address and the one it connected to. Without them (v1 UNKNOWN, v2 LOCAL, other families) the
  // connection's own addresses count: the proxy speaks for itself.
  std::optional<Endpoint> source, destination;
};

inline constexpr std::size_t kMaxProxyHeader = 4096;  // longer v2 headers are invalid

// While the answer is need_more, all of `input` belongs to the header. Pure.
ProxyHeader parse_proxy_header(std::string_view input);

}  // namespace gatepost::runtime
