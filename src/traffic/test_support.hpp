#pragma once

#include <string_view>

#include "base/date.hpp"

// Tests only.
namespace gatepost::traffic {

inline TimePoint at(std::string_view text) { return *date::parse_rfc3339(text); }

}  // namespace gatepost::traffic
