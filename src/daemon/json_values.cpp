#include "daemon/json_values.hpp"

#include <boost/json.hpp>

#include "base/date.hpp"

namespace gatepost::daemon {

boost::json::value time_value(TimePoint at) {
  return at == TimePoint{} ? boost::json::value() : boost::json::value(date::format_rfc3339(at));
}

}  // namespace gatepost::daemon
