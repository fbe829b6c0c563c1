#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/date.hpp"

// Times as verbs take them.
namespace gatepost::admin {

// "2026-11-25T14:00:00Z", or a day alone: its beginning in UTC.
inline std::optional<TimePoint> parse_day_or_time(std::string_view text) {
  constexpr std::size_t kDayLength = 10;
  if (text.size() == kDayLength) return date::parse_rfc3339(std::string(text) + "T00:00:00Z");
  return date::parse_rfc3339(text);
}

}  // namespace gatepost::admin
