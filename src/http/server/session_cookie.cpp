#include "http/server/session_cookie.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/secret.hpp"
#include "directory/web_sessions.hpp"

namespace gatepost::http::server {
namespace {

// RFC 9110 9.2.1; CONNECT begins a tunnel (RFC 8441 4) as GET does in HTTP/1.1.
bool is_safe(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "CONNECT";
}

// RFC 6454 6.1: "https://mail.example.org", or with a port. Ports are not compared: cookies know none, and a proxy's
// may be another.
bool is_own_origin(const Request& request, std::string_view origin) {
  constexpr std::string_view kScheme = "https://";
  if (!ascii::iequals(origin.substr(0, kScheme.size()), kScheme)) return false;
  std::string_view host = origin.substr(kScheme.size());
  const std::size_t bracket = host.find(']');
  const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  host = host.substr(0, colon);
  return !host.empty() && ascii::iequals(host, request.host);
}

}  // namespace

std::string set_session_cookie(std::string_view token, std::optional<std::chrono::seconds> max_age) {
  std::string out = fmt::format("{}={}; Path=/; Secure; HttpOnly; SameSite=Strict", kSessionCookie, token);
  if (max_age) out += fmt::format("; Max-Age={}", max_age->count());
  return out;
}

std::string clear_session_cookie() { return set_session_cookie("", std::chrono::seconds(0)); }

std::string_view session_token(const Request& request) {
  if (!request.secure) return {};
  for (std::size_t i = 0; i < request.head.fields.size(); ++i) {
    const auto [name, value] = request.head.fields.at(i);
    if (name != "cookie") continue;
    // RFC 6265 4.2.1: pairs, "; " between them. HTTP/2 may send each in a field of its own (RFC 9113 8.2.3).
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = ascii::trim(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const std::size_t equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == kSessionCookie) return pair.substr(equals + 1);
    }
  }
  return {};
}

const char* why_forged(const Request& request, std::string_view token) {
  // Fetch Metadata: "none" is the person at the address bar.
  const std::string_view site = request.field("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none") return "the request is another site's";
  const std::string_view origin = request.field("origin");
  if (!origin.empty() && !is_own_origin(request, origin)) return "the request is another origin's";
  if (is_safe(request.method())) return nullptr;
  const std::string expected = directory::WebSessions::csrf_token(token);
  if (!equal_in_constant_time(request.field(kCsrfField), expected))
    return "the X-CSRF-Token field is not the session's";
  return nullptr;
}

bool is_from_script(const Request& request) { return request.field("sec-fetch-dest") == "empty"; }

}  // namespace gatepost::http::server
