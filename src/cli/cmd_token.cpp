#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"

namespace gatepost::cli {

void add_token_commands(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("token", "Tokens of scripts that administer by HTTPS")->require_subcommand(1);
  struct Values {
    std::string name, role, expires, id;
  };
  auto v = std::make_shared<Values>();
  CLI::App* add = noun->add_subcommand("add", "Make a token; it is shown once");
  add->add_option("name", v->name, "What it is for: \"backup script\"")->required();
  add->add_option("--role", v->role, "auditor, helpdesk or admin")->required();
  add->add_option("--expires", v->expires,
                  "How long it is good: 12h, \"30 days\" (default 90 days, at most two years)");
  add->callback([&context, v] {
    Options options{{"name", {v->name}}, {"role", {v->role}}};
    if (!v->expires.empty()) options["expires"] = {v->expires};
    run_verb(context, "token add", options);
  });
  noun->add_subcommand("list", "What each may, and when it was used")->callback([&context] {
    run_verb(context, "token list", {});
  });
  CLI::App* remove = noun->add_subcommand("delete", "Let a token work no longer");
  remove->add_option("id", v->id, "Of gatepost token list")->required();
  remove->callback([&context, v] { run_verb(context, "token delete", {{"id", {v->id}}}); });
}

}  // namespace gatepost::cli
