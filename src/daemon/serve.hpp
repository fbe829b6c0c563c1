#pragma once

#include <filesystem>
#include <string>

namespace gatepost::daemon {

struct ServeOptions {
  std::filesystem::path config_file;
  bool take_over = false;  // take the sockets of a server that runs on the data directory, which then stops
};

// Runs the server until a signal or `gatepost stop` ends it. SIGTERM and SIGINT stop, SIGHUP reloads, SIGUSR1 opens the
// log file anew. The exit code of the program: 0 stopped in good order, 1 could not start, 2 the configuration has
// errors (printed to standard error).
int serve(const ServeOptions& options);

}  // namespace gatepost::daemon
