#pragma once

#include <vector>

#include "gate/report/report.hpp"

namespace gatepost::gate {

// What the running configuration promises and the kernel does not do: bans that are not in the firewall, sessions the
// rules refuse and that are still open, a log group nobody reads.
void add_broken_promises(const Evidence&, std::vector<Finding>& out);

}  // namespace gatepost::gate
