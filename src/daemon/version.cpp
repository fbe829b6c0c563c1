#include "daemon/version.hpp"

namespace gatepost::daemon {

std::string_view version() { return GATEPOST_VERSION; }

}  // namespace gatepost::daemon
