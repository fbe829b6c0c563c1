#pragma once

#include "base/clock.hpp"

namespace boost::json {
class value;
}  // namespace boost::json

namespace gatepost::daemon {

// A time in RFC 3339's form; null: never.
boost::json::value time_value(TimePoint at);

}  // namespace gatepost::daemon
