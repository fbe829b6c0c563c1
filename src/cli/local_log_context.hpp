#pragma once

#include "base/clock.hpp"
#include "gate/log/event.hpp"

namespace gatepost::cli {

// What stamps without a year or a zone are read by: this machine's clock.
gate::log::Context local_log_context(const Clock& clock);

}  // namespace gatepost::cli
