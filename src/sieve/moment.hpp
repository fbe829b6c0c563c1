#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/date.hpp"

namespace gatepost::sieve {

// A part of a date as tests compare it (RFC 5260 4.2). `part` in lower case; nullopt: there is none of that name.
std::optional<std::string> date_part(TimePoint at, int zone_minutes, std::string_view part);

// The date in a header field: all of it, or what stands behind its last semicolon (RFC 5260 4). `zone_minutes` becomes
// the zone it names.
std::optional<TimePoint> field_date(std::string_view value, int& zone_minutes);

}  // namespace gatepost::sieve
