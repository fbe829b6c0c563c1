#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "config/load.hpp"
#include "daemon/restart.hpp"
#include "daemon/serve.hpp"

namespace gatepost::cli {
namespace {

void restart_server(Context& context) {
  // What is wrong with the file is better known before the old server stops.
  const config::LoadOutcome loaded = config::load_and_check(context.config_file);
  if (!loaded.ok()) {
    for (const auto& problem : loaded.problems) std::cerr << problem.text() << "\n";
    context.exit_code = 2;
    return;
  }
  context.exit_code = daemon::restart(context.config_file, loaded.config.server.data_dir);
}

}  // namespace

void add_server_commands(CLI::App& app, Context& context) {
  auto take_over = std::make_shared<bool>(false);
  CLI::App* serve = app.add_subcommand(
      "serve", "Run the server in the foreground; SIGTERM stops it, SIGHUP reloads its configuration");
  serve->add_flag("--take-over", *take_over, "Take the place of the server that runs; no connection is refused");
  serve->callback([&context, take_over] { context.exit_code = daemon::serve({context.config_file, *take_over}); });
  app.add_subcommand("restart", "Put a new process in the place of the running server; no connection is refused")
      ->callback([&context] { restart_server(context); });
  app.add_subcommand("status", "What the running server is doing")->callback([&context] {
    run_verb(context, "status", {});
  });
  app.add_subcommand("reload", "Read configuration and certificates again; no session ends")->callback([&context] {
    run_verb(context, "reload", {});
  });
  app.add_subcommand("stop", "Stop the running server in good order")->callback([&context] {
    run_verb(context, "stop", {});
  });
}

}  // namespace gatepost::cli
