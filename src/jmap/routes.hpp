#pragma once

#include "http/server/router.hpp"
#include "jmap/server.hpp"

namespace gatepost::jmap {

// JMAP's resources: /.well-known/jmap (RFC 8620 2.2) and what the session names. `server` outlives the router.
void add_routes(http::server::Router& router, Server& server);

}  // namespace gatepost::jmap
