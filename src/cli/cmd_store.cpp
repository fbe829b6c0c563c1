#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"

namespace gatepost::cli {

void add_store_commands(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("store", "Where the mail is kept")->require_subcommand(1);
  auto repair = std::make_shared<bool>(false);
  CLI::App* check =
      noun->add_subcommand("check", "Read everything, verify checksums and indexes; runs beside a live server");
  check->add_flag("--repair", *repair, "Mend what can be derived from the rest");
  check->callback(
      [&context, repair] { run_verb(context, "store check", *repair ? Options{{"repair", {"yes"}}} : Options{}); });

  auto to = std::make_shared<std::string>();
  CLI::App* backup =
      noun->add_subcommand("backup", "A consistent copy into an empty or new directory; runs beside a live server");
  backup->add_option("directory", *to)->required();
  backup->callback([&context, to] { make_backup(context, *to); });

  auto from = std::make_shared<std::string>();
  CLI::App* restore =
      noun->add_subcommand("restore", "Put a backup in the place of the store; the server must be stopped");
  restore->add_option("directory", *from)->required();
  restore->callback([&context, from] { restore_backup(context, *from); });

  noun->add_subcommand("collect", "Free the space of bodies nobody uses")->callback([&context] {
    run_verb(context, "store collect", {});
  });
}

}  // namespace gatepost::cli
