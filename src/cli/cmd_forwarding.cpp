#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"

namespace gatepost::cli {
namespace {

struct ForwardingValues {
  std::string address, to;
  bool no_copy = false;
};

}  // namespace

void add_forwarding_commands(CLI::App& app, Context& context) {
  CLI::App* noun =
      app.add_subcommand("forwarding", "Where all mail of an account is sent on to")->require_subcommand(1);
  auto v = std::make_shared<ForwardingValues>();
  CLI::App* list = noun->add_subcommand("list", "All accounts whose mail is sent on");
  list->callback([&context] { run_verb(context, "forwarding list", {}); });
  CLI::App* show = noun->add_subcommand("show", "Where the mail of an account is sent on to");
  show->add_option("address", v->address)->required();
  show->callback([&context, v] { run_verb(context, "forwarding show", {{"address", {v->address}}}); });
  CLI::App* set = noun->add_subcommand("set", "Send all mail of an account on; outside of this server, too");
  set->add_option("address", v->address)->required();
  set->add_option("--to", v->to, "Where to: one address; a group, for several")->required();
  set->add_flag("--no-copy", v->no_copy, "Nothing stays in the account itself");
  set->callback([&context, v] {
    Options options{{"address", {v->address}}, {"to", {v->to}}};
    if (v->no_copy) options["no-copy"] = {"yes"};
    run_verb(context, "forwarding set", options);
  });
  CLI::App* clear = noun->add_subcommand("clear", "Send the mail of an account on no more");
  clear->add_option("address", v->address)->required();
  clear->callback([&context, v] { run_verb(context, "forwarding clear", {{"address", {v->address}}}); });
}

}  // namespace gatepost::cli
