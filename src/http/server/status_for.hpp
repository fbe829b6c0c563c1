#pragma once

#include "base/result.hpp"
#include "http/server/response.hpp"

namespace gatepost::http::server {

// The one table that turns a failure into a status code (RFC 9110 15, RFC 4918 11).
int status_for(Errc code);
// plain_answer() of it; Retry-After where asking again later makes sense.
Response failure(Errc code);

}  // namespace gatepost::http::server
