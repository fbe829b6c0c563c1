#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/run_verb.hpp"
#include "config/load.hpp"
#include "daemon/settings_view.hpp"
#include "imap/server/extensions.hpp"

namespace gatepost::cli {
namespace {

void check_config(Context& context, bool quiet) {
  const config::LoadOutcome loaded = config::load_and_check(context.config_file);
  const bool ok = loaded.ok();
  for (const auto& problem : loaded.problems) {
    const bool warning = problem.severity == config::Severity::warning;
    if (quiet && warning) continue;
    (warning ? std::cout : std::cerr) << problem.text() << "\n";
  }
  if (ok && !quiet) std::cout << context.config_file << " is fine.\n";
  context.exit_code = ok ? 0 : 1;
}

}  // namespace

void add_config_commands(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("config", "The configuration file")->require_subcommand(1);
  auto quiet = std::make_shared<bool>(false);
  CLI::App* check = noun->add_subcommand("check", "Every problem of the file: where, what, why, and what to write");
  check->add_flag("--quiet", *quiet, "Errors only");
  check->callback([&context, quiet] { check_config(context, *quiet); });
  CLI::App* show =
      noun->add_subcommand("show", "Every key: its value, and whether the file says it or it is the default");
  show->callback([&context] { print(context, daemon::settings_view(context.config_file, nullptr)); });
  noun->add_subcommand("imap", "What IMAP announces: document and test of each (docs/imap.md)")->callback([] {
    std::cout << imap::server::extensions_page();
  });
  noun->add_subcommand("manual", "Every key: type, default, meaning")->callback([] { std::cout << config::manual(); });
}

}  // namespace gatepost::cli
