#pragma once

#include <string>

#include "cli/commands.hpp"

namespace gatepost::cli {

// Asks the running server for DNS records to change, and runs `program` for each: "add" or "remove", the record's name,
// its value. Until a signal ends it, or with `once` until there is nothing to do. Returns an exit code.
int serve_hooks(Context& context, const std::string& program, bool once);

}  // namespace gatepost::cli
