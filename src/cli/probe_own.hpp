#pragma once

#include <optional>
#include <vector>

#include "cli/commands.hpp"
#include "gate/policy/policy.hpp"

namespace gatepost::cli {

// What a probe of this host's own listeners, where they let this host in, finds that is not as it should be. nullopt:
// there is no configuration, and that was printed.
std::optional<std::vector<gate::Finding>> probe_own_listeners(Context&);

}  // namespace gatepost::cli
