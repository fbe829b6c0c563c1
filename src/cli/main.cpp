#include <unistd.h>

#include <iostream>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "daemon/version.hpp"

// One program, noun then verb: gatepost serve, gatepost account add, gatepost store check ...
int main(int argc, char** argv) {
  CLI::App app{"Gatepost: one daemon for mail, and the keeper of its own gate."};
  app.name("gatepost");
  app.require_subcommand(1);
  app.set_version_flag("--version", fmt::format("gatepost {}", gatepost::daemon::version()));

  gatepost::cli::Context context;
  app.add_option("-c,--config", context.config_file, "Configuration file")
      ->envname("GATEPOST_CONFIG")
      ->capture_default_str();
  app.add_flag("--json", context.json, "Answer in JSON");
  app.fallthrough();
  app.footer("Exit codes: 0 done, 1 refused or failed (the text says why), 2 wrong usage, 3 no server is running.");

  gatepost::cli::add_server_commands(app, context);
  gatepost::cli::add_config_commands(app, context);
  gatepost::cli::add_directory_commands(app, context);
  gatepost::cli::add_rights_commands(app, context);
  gatepost::cli::add_app_password_commands(app, context);
  gatepost::cli::add_vacation_commands(app, context);
  gatepost::cli::add_forwarding_commands(app, context);
  gatepost::cli::add_session_commands(app, context);
  gatepost::cli::add_ban_commands(app, context);
  gatepost::cli::add_queue_commands(app, context);
  gatepost::cli::add_store_commands(app, context);
  gatepost::cli::add_search_commands(app, context);
  gatepost::cli::add_dns_command(app, context);
  gatepost::cli::add_maintenance_commands(app, context);
  gatepost::cli::add_changes_commands(app, context);
  gatepost::cli::add_token_commands(app, context);
  gatepost::cli::add_explain_command(app, context);
  gatepost::cli::add_gate_commands(app, context);
  gatepost::cli::add_gate_log_command(app, context);
  gatepost::cli::add_gate_watch_command(app, context);
  gatepost::cli::add_gate_agent_command(app, context);
  gatepost::cli::add_gate_top_command(app, context);
  gatepost::cli::add_gate_explain_command(app, context);
  gatepost::cli::add_probe_command(app, context);
  gatepost::cli::add_certificate_commands(app, context);
  gatepost::cli::add_outside_commands(app, context);
  gatepost::cli::add_organisation_commands(app, context);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  return context.exit_code;
}
