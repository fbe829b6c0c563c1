#pragma once

#include <cstdint>
#include <string_view>

namespace boost::json {
class object;
}  // namespace boost::json

namespace gatepost::gate::notes {

// The number at `key`; there is none, or it does not fit: 0.
std::uint64_t number_in(const boost::json::object& o, std::string_view key);

}  // namespace gatepost::gate::notes
