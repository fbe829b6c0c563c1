#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace gatepost::http {

// host [":" port] of Host and :authority (RFC 9110 7.2).
struct Authority {
  std::string host;        // lower case; an IPv6 address in its brackets
  std::uint16_t port = 0;  // 0: not said
};
// Errc::invalid: a user, blanks, or anything else that is no host name or address. "" is a Host field without a host.
Result<Authority> parse_authority(std::string_view text);

// What a request's target asks for.
struct Target {
  // Segments of the path, decoded (RFC 3986 2.1). An encoded slash stays encoded ("%2F"), so that a segment never
  // becomes two. "/a//b/" is {"a", "", "b", ""}; "/" is {""}; "*" is none.
  std::vector<std::string> segments;
  std::string path;                    // "/" between them again, as decoded
  std::string query;                   // behind "?", as sent
  std::optional<Authority> authority;  // of the absolute form, where it stands in place of Host (RFC 9112 3.2.2)
};
// origin-form, absolute-form, or "*". Errc::invalid: another form, characters no URI has, a broken escape, an octet 0,
// or a segment "." or "..": clients remove those (RFC 3986 5.2.4), so one that comes tries to leave a directory.
Result<Target> parse_target(std::string_view text);

// RFC 3986 2.1, with every escape resolved. nullopt: a broken one.
std::optional<std::string> percent_decoded(std::string_view text);
// For one segment of a path, or one value of a query.
std::string percent_encoded(std::string_view text);

// The first value of `name` in a query as forms make it: "+" is a blank (WHATWG URL,
// application/x-www-form-urlencoded).
std::optional<std::string> query_value(std::string_view query, std::string_view name);

}  // namespace gatepost::http
