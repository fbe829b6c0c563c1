#pragma once

#include <filesystem>

namespace gatepost::daemon {

struct RestartOptions {
  std::filesystem::path config_file, data_dir;
  std::filesystem::path program;  // what is started; empty: this program
};

// Puts a new process, with the present configuration, in the place of the server that runs on `data_dir`; no connection
// is refused (take_over.hpp). A server that systemd runs is restarted by systemctl. Waits until the new one serves and
// prints what happened. Exit code: 0 done, 1 failed (the old server goes on when the new one could not get ready; one
// that hangs is killed for that), 3 no server is running.
int restart(const RestartOptions& options);

struct UpgradeOptions {
  RestartOptions restart;
  bool allow_downgrade = false;  // an earlier release that reads all that is on disk
  bool allow_one_way = false;    // one that writes what the running one cannot read
  bool check_only = false;
};
// restart() with `program`, once it has shown that it runs, takes the configuration, and reads what is on disk. Exit
// code as above, 2: refused, and why was printed.
int upgrade(const UpgradeOptions& options);

}  // namespace gatepost::daemon
