#pragma once

#include "api/server.hpp"
#include "base/result.hpp"
#include "http/server/exchange.hpp"

namespace gatepost::api {

// Whose browser asks, by its cookie; a request that changes something has shown the CSRF token. For resources that end
// the session they are asked by: a route with Access::signed_in would be cut off before its answer. Errc::forbidden:
// another site's page asks. Others: WebSessions::check().
Result<directory::WebSessions::Checked> caller(
    const Services& services, const http::server::Exchange& exchange,
    directory::WebSessions::For what = directory::WebSessions::For::everything);

// The connection somebody signs in on with a browser.
directory::DoorContext door_context(const http::server::Exchange& exchange);

}  // namespace gatepost::api
