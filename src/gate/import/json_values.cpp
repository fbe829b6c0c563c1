#include "gate/import/json_values.hpp"

#include <boost/json.hpp>

namespace gatepost::gate::importing {

const boost::json::array& array_in(const boost::json::value* v) {
  static const boost::json::array none;
  return v != nullptr && v->is_array() ? v->get_array() : none;
}

}  // namespace gatepost::gate::importing
