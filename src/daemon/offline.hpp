#pragma once

#include "admin/command.hpp"
#include "config/config.hpp"

namespace gatepost::daemon {

// Runs an administrator's verb on the data directory itself, as its only user: for when no server runs. Root becomes
// the server's user first, so that nothing there belongs to root afterwards. Verbs that need a server say so (exit code
// 3).
admin::Reply run_offline(const config::Config& config, const admin::Request& request);

}  // namespace gatepost::daemon
