#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"

namespace gatepost::cli {

void add_queue_commands(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("queue", "Mail that waits for delivery")->require_subcommand(1);
  noun->add_subcommand("list", "What waits, and why")->callback([&context] { run_verb(context, "queue list", {}); });
  struct Values {
    std::string id;
    bool all = false;
  };
  for (const auto& [name, help] :
       {std::pair{"retry", "Try now"}, std::pair{"hold", "Do not try until released"},
        std::pair{"release", "Undo a hold"}, std::pair{"delete", "Delete without telling the sender"}}) {
    auto v = std::make_shared<Values>();
    CLI::App* command = noun->add_subcommand(name, help);
    auto* id = command->add_option("id", v->id, "Queue id");
    command->add_flag("--all", v->all, "Every message of the queue")->excludes(id);
    const std::string verb = std::string("queue ") + name;
    command->callback([&context, v, verb] {
      Options options;
      if (!v->id.empty()) options["id"] = {v->id};
      if (v->all) options["all"] = {"yes"};
      run_verb(context, verb, options);
    });
  }
}

}  // namespace gatepost::cli
