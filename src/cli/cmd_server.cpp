#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "daemon/serve.hpp"

namespace gatepost::cli {

void add_server_commands(CLI::App& app, Context& context) {
  app.add_subcommand("serve", "Run the server in the foreground; SIGTERM stops it, SIGHUP reloads its configuration")
      ->callback([&context] { context.exit_code = daemon::serve(context.config_file); });
  app.add_subcommand("status", "What the running server is doing")->callback([&context] {
    run_verb(context, "status", {});
  });
  app.add_subcommand("reload", "Read configuration and certificates again; no session ends")->callback([&context] {
    run_verb(context, "reload", {});
  });
  app.add_subcommand("stop", "Stop the running server in good order")->callback([&context] {
    run_verb(context, "stop", {});
  });

  CLI::App* ban = app.add_subcommand("ban", "Who may not sign in at the moment")->require_subcommand(1);
  ban->add_subcommand("list", "The bans")->callback([&context] { run_verb(context, "ban list", {}); });
  auto address = std::make_shared<std::string>();
  CLI::App* lift = ban->add_subcommand("lift", "End the bans of an address");
  lift->add_option("address", *address)->required();
  lift->callback([&context, address] { run_verb(context, "ban lift", {{"address", {*address}}}); });
}

}  // namespace gatepost::cli
