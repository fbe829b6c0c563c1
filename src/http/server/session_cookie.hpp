#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "http/server/request.hpp"

// The cookie that a signed-in browser has, and what keeps other sites' pages from using it. Pure.
namespace gatepost::http::server {

// RFC 6265bis 4.1.3.2: with this prefix browsers take it by TLS alone, and no other host can set it.
inline constexpr std::string_view kSessionCookie = "__Host-gatepost";
inline constexpr std::string_view kCsrfField = "x-csrf-token";

// Set-Cookie. `max_age`: kept so long when the browser is closed; none: as long as it is open.
std::string set_session_cookie(std::string_view token, std::optional<std::chrono::seconds> max_age);
std::string clear_session_cookie();

// The cookie's value, and "" where the request has none or did not come by TLS. A view into the request.
std::string_view session_token(const Request& request);

// Why a request with the cookie is another site's doing; nullptr: it is not. What changes something has to show the
// page's CSRF token (WebSessions::csrf_token); what only reads, or begins a tunnel, may not name another origin.
const char* why_forged(const Request& request, std::string_view token);

// Whether a page's script asks (Fetch Metadata, Sec-Fetch-Dest "empty"): a challenge that browsers know would open
// their own window for a password over the page.
bool is_from_script(const Request& request);

}  // namespace gatepost::http::server
