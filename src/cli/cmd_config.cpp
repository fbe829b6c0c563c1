#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "config/check.hpp"
#include "config/load.hpp"

namespace gatepost::cli {
namespace {

void check_config(Context& context, bool quiet) {
  config::LoadOutcome loaded = config::load(context.config_file);
  if (loaded.ok()) {
    for (auto& problem : config::check(loaded.config)) {
      if (problem.file.empty()) problem.file = context.config_file;
      loaded.problems.push_back(std::move(problem));
    }
  }
  const bool ok = loaded.ok();
  for (const auto& problem : loaded.problems) {
    if (quiet && problem.severity == config::Severity::warning) continue;
    (problem.severity == config::Severity::error ? std::cerr : std::cout)
        << (problem.severity == config::Severity::error ? "error: " : "warning: ") << problem.text() << "\n";
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
  noun->add_subcommand("manual", "Every key: type, default, meaning")->callback([] { std::cout << config::manual(); });
}

}  // namespace gatepost::cli
