#pragma once

#include "api/server.hpp"

namespace gatepost::api {

// /api/export: all that is one's own, as a file.
void add_export_routes(http::server::Router& router, const Services& services);

}  // namespace gatepost::api
