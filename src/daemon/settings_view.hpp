#pragma once

#include <filesystem>

#include "admin/command.hpp"
#include "config/config.hpp"

namespace gatepost::daemon {

// Every key of the configuration file with its value, where that comes from, what it means, and whether a change waits
// for a restart. `running`: what the server works with, when that may be another; null: nobody asks. Reads the file.
admin::Reply settings_view(const std::filesystem::path& file, const config::Config* running);

}  // namespace gatepost::daemon
