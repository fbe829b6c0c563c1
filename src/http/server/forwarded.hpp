#pragma once

#include <optional>
#include <vector>

#include "base/ip.hpp"
#include "http/protocol/head.hpp"

namespace gatepost::http::server {

// For whom a proxy speaks.
struct Forwarded {
  IpAddress client;
  std::optional<bool> secure;  // whether the client came by TLS; none: the proxy does not say
};
// From Forwarded (RFC 7239), else X-Forwarded-For and X-Forwarded-Proto. Read from the end, the nearest proxy first,
// as long as `trusted` ones speak: what stands before may be the client's own invention. `peer` is trusted.
Forwarded read_forwarded(const Fields& fields, const std::vector<Network>& trusted, const IpAddress& peer);

}  // namespace gatepost::http::server
