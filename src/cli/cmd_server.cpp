#include <iostream>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/restart_at.hpp"
#include "cli/run_verb.hpp"
#include "config/load.hpp"
#include "daemon/formats.hpp"
#include "daemon/restart.hpp"
#include "daemon/serve.hpp"

namespace gatepost::cli {
namespace {

// What is wrong with the file is better known before the old server stops. None: its problems were printed.
std::optional<daemon::RestartOptions> restart_options(Context& context) {
  const config::LoadOutcome loaded = config::load_and_check(context.config_file);
  if (loaded.ok()) return daemon::RestartOptions{context.config_file, loaded.config.server.data_dir, {}};
  for (const auto& problem : loaded.problems) std::cerr << problem.text() << "\n";
  context.exit_code = 2;
  return std::nullopt;
}

struct ServerValues {
  std::string program;
  bool downgrade = false, one_way = false, check = false;
};

void upgrade_server(Context& context, const ServerValues& v) {
  // The new program judges the file: a new key may be unknown to this one.
  const config::LoadOutcome loaded = config::load(context.config_file);
  if (loaded.config.server.data_dir.empty()) {
    for (const auto& problem : loaded.problems) std::cerr << problem.text() << "\n";
    context.exit_code = 2;
    return;
  }
  context.exit_code = daemon::upgrade({.restart = {context.config_file, loaded.config.server.data_dir, v.program},
                                       .allow_downgrade = v.downgrade,
                                       .allow_one_way = v.one_way,
                                       .check_only = v.check});
}

void add_restart(CLI::App& app, Context& context) {
  auto time = std::make_shared<RestartTime>();
  CLI::App* restart =
      app.add_subcommand("restart", "Put a new process in the place of the running server; no connection is refused");
  CLI::Option* at = restart->add_option("--at", time->at, "Wait until then: 03:10, or 2026-11-29T03:10:00Z");
  restart->add_flag("--in-quiet-hour", time->quiet_hour, "Wait for the best time of gatepost maintenance plan")
      ->excludes(at);
  restart->add_option("--within", time->within, "With --in-quiet-hour: how long it can wait (default 7d)");
  restart->add_option("--message", time->message, "What IMAP users are shown five minutes and one minute before");
  restart->callback([&context, time] {
    std::optional<config::Config> config = load_config(context);
    if (!config || !wait_for_time(context, *config, *time)) return;
    // As the file is by then.
    if (const auto options = restart_options(context)) context.exit_code = daemon::restart(*options);
  });
}

void add_upgrade(CLI::App& app, Context& context) {
  auto v = std::make_shared<ServerValues>();
  CLI::App* upgrade = app.add_subcommand(
      "upgrade",
      "restart with another program, which first has to show that it can take over; no connection is refused");
  upgrade->add_option("program", v->program, "The new program (default: the one you are running now)");
  upgrade->add_flag("--check", v->check, "Only say whether it could take over");
  upgrade->add_flag("--one-way", v->one_way, "Also when the running program could not read what the new one writes");
  upgrade->add_flag("--allow-downgrade", v->downgrade, "Also when it is an earlier release");
  upgrade->callback([&context, v] { upgrade_server(context, *v); });
}

void say_formats(Context& context) {
  const daemon::ProgramFacts facts = daemon::this_program();
  if (context.json) {
    std::cout << daemon::to_json(facts) << "\n";
    return;
  }
  for (const daemon::Format& f : facts.formats)
    std::cout << fmt::format("{:<10} reads {} to {}, writes {}\n", f.name, f.reads_from, f.reads_to, f.writes);
}

}  // namespace

void add_server_commands(CLI::App& app, Context& context) {
  auto take_over = std::make_shared<bool>(false);
  CLI::App* serve = app.add_subcommand(
      "serve", "Run the server in the foreground; SIGTERM stops it, SIGHUP reloads its configuration");
  serve->add_flag("--take-over", *take_over, "Take the place of the server that runs; no connection is refused");
  serve->callback([&context, take_over] { context.exit_code = daemon::serve({context.config_file, *take_over}); });
  add_restart(app, context);
  add_upgrade(app, context);
  app.add_subcommand("formats", "Which formats on disk this program reads and writes")->callback([&context] {
    say_formats(context);
  });
  app.add_subcommand("drain", "How far a stop or restart has come, and how the last one went")->callback([&context] {
    run_verb(context, "drain", {});
  });
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
