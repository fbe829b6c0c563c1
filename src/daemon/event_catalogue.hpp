#pragma once

#include <vector>

#include "base/log.hpp"

namespace gatepost::daemon {

// Every event the program can log, by name: for `gatepost explain` and the manual.
std::vector<Event> event_catalogue();

}  // namespace gatepost::daemon
