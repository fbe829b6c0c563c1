#pragma once

#include <filesystem>

namespace gatepost::daemon {

// Puts a new process of this program, with the present configuration, in the place of the server that runs on
// `data_dir`; no connection is refused (take_over.hpp). Waits until it serves and prints what happened. Exit code: 0
// done, 1 failed (the old server goes on when the new one could not get ready), 3 no server is running.
int restart(const std::filesystem::path& config_file, const std::filesystem::path& data_dir);

}  // namespace gatepost::daemon
