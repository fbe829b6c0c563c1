#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"

namespace gatepost::cli {
namespace {

struct SessionValues {
  std::string address, id;
  bool all = false;
};

}  // namespace

void add_session_commands(CLI::App& app, Context& context) {
  CLI::App* noun =
      app.add_subcommand("session", "Browsers and programs that are signed in as somebody")->require_subcommand(1);
  auto v = std::make_shared<SessionValues>();
  CLI::App* list = noun->add_subcommand("list", "What is signed in as somebody, since when, and from where");
  list->add_option("address", v->address)->required();
  list->callback([&context, v] { run_verb(context, "session list", {{"address", {v->address}}}); });
  CLI::App* end = noun->add_subcommand("end", "Sign one out, or all; who has the password may sign in again");
  end->add_option("address", v->address)->required();
  auto* id = end->add_option("--id", v->id, "As session list shows it");
  end->add_flag("--all", v->all, "All of them")->excludes(id);
  end->callback([&context, v] {
    Options options{{"address", {v->address}}};
    if (!v->id.empty()) options["id"] = {v->id};
    if (v->all) options["all"] = {"yes"};
    run_verb(context, "session end", options);
  });
}

}  // namespace gatepost::cli
