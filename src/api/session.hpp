#pragma once

#include "api/server.hpp"

namespace gatepost::api {

// /api/session, /api/sessions, /api/password.
void add_session_routes(http::server::Router& router, const Services& services);

}  // namespace gatepost::api
