#include <unistd.h>

#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/password_prompt.hpp"

namespace gatepost::cli {
void add_outside_commands(CLI::App& app, Context& context) {
  CLI::App* noun =
      app.add_subcommand("directory", "Outside directories: Active Directory, OpenLDAP")->require_subcommand(1);
  noun->add_subcommand("status", "Their servers, whether they answer, how many accounts are linked to them")
      ->callback([&context] { run_verb(context, "directory status", {}); });
  noun->add_subcommand("sync", "Bring people and groups in step with all that is there now")->callback([&context] {
    run_verb(context, "directory sync", {});
  });
  auto name = std::make_shared<std::string>();
  auto password = std::make_shared<bool>(false);
  CLI::App* test = noun->add_subcommand("test", "Every query for a name, and every answer; changes nothing");
  test->add_option("user", *name, "As it is typed to sign in: anna@example.org, anna, EXAMPLE\\anna")->required();
  test->add_flag("--password-stdin", *password,
                 "Also try a password, read from the first line of standard input; it is never shown");
  test->callback([&context, name, password] {
    Options options{{"name", {*name}}};
    if (*password) options["password"] = {read_password()};
    run_verb(context, "directory test", options);
  });
}

}  // namespace gatepost::cli
