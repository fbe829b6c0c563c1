#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"

namespace gatepost::cli {

void add_search_commands(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("search", "The indexes that make searches fast")->require_subcommand(1);
  for (const auto& [name, help] : {std::pair{"status", "How complete they are"},
                                   std::pair{"rebuild", "Make them again; searches go on meanwhile"}}) {
    auto address = std::make_shared<std::string>();
    CLI::App* command = noun->add_subcommand(name, help);
    command->add_option("address", *address, "One account; otherwise all");
    const std::string verb = std::string("search ") + name;
    command->callback([&context, address, verb] {
      run_verb(context, verb, address->empty() ? Options{} : Options{{"address", {*address}}});
    });
  }
}

}  // namespace gatepost::cli
