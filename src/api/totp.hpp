#pragma once

#include "api/json.hpp"
#include "api/server.hpp"
#include "directory/authenticate.hpp"
#include "directory/second_factor.hpp"

namespace gatepost::api {

// /api/totp: one's own second factor.
void add_totp_routes(http::server::Router& router, const Services& services);

json::object factor_json(const directory::SecondFactors::Status& status);
// 401; "second_factor" says what is missing.
http::server::Response code_refusal(directory::CodeAnswer why);

}  // namespace gatepost::api
