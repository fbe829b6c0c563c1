#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"

namespace gatepost::cli {

void add_changes_commands(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("changes", "Who changed what")->require_subcommand(1);
  struct Values {
    std::string about, most, before;
  };
  auto v = std::make_shared<Values>();
  CLI::App* list = noun->add_subcommand("list", "What administrators changed by the web and the command line");
  list->add_option("--about", v->about, "Only of or about this address or name, or by this verb");
  list->add_option("--most", v->most, "How many (default 200, at most 1000)");
  list->add_option("--before", v->before, "Only those before the change of this number");
  list->callback([&context, v] {
    Options options;
    for (const auto& [name, value] :
         {std::pair("about", &v->about), std::pair("most", &v->most), std::pair("before", &v->before)}) {
      if (!value->empty()) options[name] = {*value};
    }
    run_verb(context, "changes list", options);
  });
}

}  // namespace gatepost::cli
