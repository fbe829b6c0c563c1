#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "imap/protocol/command_search.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {

// Where filters are kept, as annotations of the server (RFC 5466 3.2).
inline constexpr std::string_view kFilterValues = "/filters/values/";

// Replaces FILTER keys by the criteria that are kept under their names (RFC 5466 3.1). An answer: the search cannot be
// done.
Task<std::optional<Answer>> expand_filters(Session& session, Search& search);
// Whether SETMETADATA may keep this (RFC 5466 3.2): `entry` without its scope. What is no filter may always.
bool is_good_filter(std::string_view entry, const std::optional<std::string>& value);

}  // namespace gatepost::imap::server
