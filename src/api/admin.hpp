#pragma once

#include "api/server.hpp"

namespace gatepost::api {

// /api/admin/...: the administrators' verbs, for browsers of people who have a role; /api/openapi.json describes them.
void add_admin_routes(http::server::Router& router, const Services& services);

}  // namespace gatepost::api
