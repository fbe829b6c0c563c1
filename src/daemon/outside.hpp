#pragma once

#include <stop_token>
#include <vector>

#include "admin/command.hpp"
#include "config/config.hpp"
#include "outside/directories.hpp"

namespace gatepost::daemon {

// What the configuration means to the outside directories. Reads the files of passwords. Errc::invalid: one cannot be
// read.
Result<std::vector<outside::Settings>> outside_settings(const config::Config&);

// The verbs of the noun "directory".
admin::Reply outside_command(outside::Directories&, const admin::Request&, std::stop_token stop);

}  // namespace gatepost::daemon
