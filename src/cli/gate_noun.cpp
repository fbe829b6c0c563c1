#include "cli/gate_noun.hpp"

#include <CLI/CLI.hpp>

namespace gatepost::cli {

CLI::App& gate_noun(CLI::App& app) {
  for (CLI::App* const known : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (known->get_name() == "gate") return *known;
  }
  return *app.add_subcommand("gate", "Who may connect, and the firewall (docs/gate.md)")->require_subcommand(1);
}

}  // namespace gatepost::cli
