#include "gate/notes/json_values.hpp"

#include <boost/json.hpp>

namespace gatepost::gate::notes {

std::uint64_t number_in(const boost::json::object& o, std::string_view key) {
  const boost::json::value* v = o.if_contains(key);
  boost::system::error_code error;
  const auto number = v == nullptr ? 0 : v->to_number<std::uint64_t>(error);
  return error ? 0 : number;
}

}  // namespace gatepost::gate::notes
