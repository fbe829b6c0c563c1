#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "daemon/event_catalogue.hpp"

namespace gatepost::cli {

void add_explain_command(CLI::App& app, Context& context) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("explain", "What a log event means and what to do; without NAME, all of them");
  command->add_option("name", *name, "\"smtp.accepted\"");
  command->callback([&context, name] {
    bool found = false;
    for (const Event& event : daemon::event_catalogue()) {
      if (!name->empty() && event.name != *name) continue;
      found = true;
      std::cout << event.name << " (" << to_string(event.level) << "): " << event.sentence << "\n    " << event.meaning
                << "\n    What to do: " << event.action << "\n";
    }
    if (!found) std::cerr << "There is no event '" << *name << "'.\n";
    context.exit_code = found ? 0 : 1;
  });
}

}  // namespace gatepost::cli
