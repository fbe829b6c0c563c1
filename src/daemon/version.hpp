#pragma once

#include <string_view>

namespace gatepost::daemon {

std::string_view version();  // "0.1.0": project() in CMakeLists.txt says it

}  // namespace gatepost::daemon
