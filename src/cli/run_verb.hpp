#pragma once

#include <optional>

#include "admin/command.hpp"
#include "cli/commands.hpp"
#include "config/config.hpp"

namespace gatepost::cli {

// The configuration; none: its problems are printed and exit_code is set.
std::optional<config::Config> load_config(Context&);
// By the running server when there is one, else from the data directory itself.
admin::Reply reply_to(const config::Config&, const admin::Request&);
// As text, or JSON when asked for; sets exit_code.
void print(Context&, const admin::Reply&);

}  // namespace gatepost::cli
