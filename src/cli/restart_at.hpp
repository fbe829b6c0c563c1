#pragma once

#include <optional>
#include <string>

#include "cli/commands.hpp"
#include "config/config.hpp"

namespace gatepost::cli {

struct RestartTime {
  std::string at;  // "03:10" in the zone of [maintenance], or as RFC 3339; empty: at once, or in the quiet hour
  bool quiet_hour = false;
  std::string within;   // for the quiet hour: "7d"
  std::string message;  // shown to IMAP users before it
};

// Waits until it is time, in the foreground, and announces the restart five minutes and one minute before. false: the
// time makes no sense, or no quiet hour is known; what is wrong was printed and exit_code is set.
bool wait_for_time(Context& context, const config::Config& config, const RestartTime& time);

}  // namespace gatepost::cli
