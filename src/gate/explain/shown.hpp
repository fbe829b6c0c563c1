#pragma once

#include <string>
#include <string_view>

#include "gate/log/print.hpp"

// Text from outside, as a terminal may show it.
namespace gatepost::gate::explain {

inline std::string shown(std::string_view text) { return log::for_terminal(text); }

}  // namespace gatepost::gate::explain
