#pragma once

#include <string_view>

#include "base/result.hpp"
#include "gate/probe/report.hpp"

namespace gatepost::gate::explain {

// A report that `gatepost probe --json` printed, perhaps on another machine: its texts are not trusted. Errc::invalid.
Result<probe::Report> read_probe_report(std::string_view json);

}  // namespace gatepost::gate::explain
