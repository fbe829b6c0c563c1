#pragma once

#include "api/server.hpp"

namespace gatepost::api {

// /api/app-passwords: the passwords of one's own devices and programs.
void add_app_password_routes(http::server::Router& router, const Services& services);

}  // namespace gatepost::api
