#pragma once

#include <string_view>

#include "base/ip.hpp"

// Tests only.
namespace gatepost::gate {

inline Network net(std::string_view text) { return *Network::parse(text); }

}  // namespace gatepost::gate
