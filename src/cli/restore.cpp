#include <filesystem>
#include <iostream>

#include <fmt/format.h>

#include "base/date.hpp"
#include "cli/commands.hpp"
#include "config/load.hpp"
#include "daemon/control_socket.hpp"
#include "daemon/offline.hpp"

namespace gatepost::cli {

void restore_backup(Context& context, const std::string& directory) {
  namespace fs = std::filesystem;
  context.exit_code = 1;
  const config::LoadOutcome loaded = config::load(context.config_file);
  if (!loaded.ok()) {
    for (const auto& problem : loaded.problems) std::cerr << problem.text() << "\n";
    context.exit_code = 2;
    return;
  }
  const fs::path data = loaded.config.server.data_dir;
  if (daemon::ask(daemon::control_socket_path(data), admin::Request{"status", {}})) {
    std::cerr << "A server is running on " << data.string() << ": stop it first (gatepost stop).\n";
    return;
  }
  const fs::path store = daemon::store_directory(loaded.config);
  std::error_code ec;
  if (!fs::is_directory(directory, ec)) {
    std::cerr << directory << " is not a backup.\n";
    return;
  }
  // Copied beside first and renamed at the end, so that a full disk or a kill leaves the old store in place.
  const fs::path incoming = store.string() + ".incoming";
  const fs::path old = fmt::format("{}.before-restore.{}", store.string(), std::time(nullptr));
  fs::remove_all(incoming, ec);
  fs::copy(directory, incoming, fs::copy_options::recursive, ec);
  if (!ec && fs::exists(store)) fs::rename(store, old, ec);
  if (!ec) fs::rename(incoming, store, ec);
  if (ec) {
    std::cerr << "restore: " << ec.message() << "\n";
    return;
  }
  std::cout << fmt::format("Restored from {}. The former store is in {}: delete it when you are content.\n", directory,
                           old.string());
  context.exit_code = 0;
}

}  // namespace gatepost::cli
