#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"

namespace gatepost::cli {

void add_maintenance_commands(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("maintenance", "The quiet hour, and maintenance windows")->require_subcommand(1);
  struct Values {
    std::string minutes, within, zone, message, length;
    Options options() const {
      Options out;
      for (const auto& [name, value] :
           {std::pair("minutes", &minutes), std::pair("within", &within), std::pair("zone", &zone),
            std::pair("message", &message), std::pair("for", &length)}) {
        if (!value->empty()) out[name] = {*value};
      }
      return out;
    }
  };
  auto v = std::make_shared<Values>();
  CLI::App* plan =
      noun->add_subcommand("plan", "When a restart or a maintenance disturbs least, from what was counted");
  plan->add_option("--minutes", v->minutes, "How long it takes (default 10)");
  plan->add_option("--within", v->within, "How long it can wait: 7d, 36h (default 7d)");
  plan->add_option("--zone", v->zone, "Time zone of the people served (default: [maintenance] time_zone)");
  plan->callback([&context, v] { run_verb(context, "maintenance plan", v->options()); });
  CLI::App* traffic = noun->add_subcommand("traffic", "What went on in each hour");
  traffic->add_option("--within", v->within, "How far back: 7d, 36h (default 24h)");
  traffic->add_option("--zone", v->zone, "Time zone to show");
  traffic->callback([&context, v] { run_verb(context, "maintenance traffic", v->options()); });
  CLI::App* begin = noun->add_subcommand(
      "begin", "Serve nobody but [networks] admin for a time: others are refused politely, sessions are told");
  begin->add_option("--for", v->length, "When it ends by itself: 30m, 2h (default 1h, at most 24h)");
  begin->add_option("--message", v->message, "One line for whoever is turned away");
  begin->callback([&context, v] { run_verb(context, "maintenance begin", v->options()); });
  noun->add_subcommand("end", "Serve everybody again")->callback([&context] {
    run_verb(context, "maintenance end", {});
  });
  CLI::App* announce = noun->add_subcommand("announce", "Show a message to everybody who is signed in by IMAP");
  announce->add_option("--message", v->message, "One line")->required();
  announce->callback([&context, v] { run_verb(context, "maintenance announce", v->options()); });
}

}  // namespace gatepost::cli
