#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/date.hpp"

namespace gatepost::http {

// IMF-fixdate (RFC 9110 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
std::string format_date(TimePoint t);
// The same, and the two obsolete forms that a recipient must read; nullopt: no date.
std::optional<TimePoint> parse_date(std::string_view text);

}  // namespace gatepost::http
