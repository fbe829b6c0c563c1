#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"

namespace gatepost::cli {
namespace {

struct AppPasswordValues {
  std::string address, name, id, expires;
  std::vector<std::string> services, networks;
};

void add_scope_options(CLI::App* command, const std::shared_ptr<AppPasswordValues>& v) {
  command->add_option("--service", v->services,
                      "What it is good for: imap, pop3, smtp, ldap, http; several times for more, or all");
  command->add_option("--from", v->networks,
                      "Where it may be used: 192.0.2.0/24; several times for more, or everywhere");
  command->add_option("--expires", v->expires, "When it ends: \"90 days\", 2026-12-31, never");
}

Options scope_of(const AppPasswordValues& v) {
  Options out;
  if (!v.services.empty()) out["service"] = v.services;
  if (!v.networks.empty()) out["from"] = v.networks;
  if (!v.expires.empty()) out["expires"] = {v.expires};
  return out;
}

// The same by another name, for those who look for a lost phone.
void add_device_commands(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("device", "Devices that have an app password")->require_subcommand(1);
  auto v = std::make_shared<AppPasswordValues>();
  CLI::App* list = noun->add_subcommand("list", "What there is, and where it was last; of one account or of all");
  list->add_option("address", v->address);
  list->callback([&context, v] {
    Options options;
    if (!v->address.empty()) options["address"] = {v->address};
    run_verb(context, "device list", options);
  });
  for (const auto& [name, help] : {std::pair{"block", "Keep it out for the time being; open sessions end"},
                                   std::pair{"unblock", "Let it in again"}}) {
    CLI::App* command = noun->add_subcommand(name, help);
    command->add_option("address", v->address)->required();
    command->add_option("id", v->id, "Of device list")->required();
    command->callback([&context, v, verb = std::string("device ") + name] {
      run_verb(context, verb, {{"address", {v->address}}, {"id", {v->id}}});
    });
  }
}

}  // namespace

void add_app_password_commands(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("app-password", "Passwords of single devices")->require_subcommand(1);
  auto v = std::make_shared<AppPasswordValues>();
  CLI::App* add = noun->add_subcommand("add", "Make one; it is shown once");
  add->add_option("address", v->address)->required();
  add->add_option("name", v->name, "What it is for: \"Anna's phone\"")->required();
  add_scope_options(add, v);
  add->callback([&context, v] {
    Options options = scope_of(*v);
    options["address"] = {v->address};
    options["name"] = {v->name};
    run_verb(context, "app-password add", options);
  });
  CLI::App* list = noun->add_subcommand("list", "The devices of an account: what each may, and where it was last");
  list->add_option("address", v->address)->required();
  list->callback([&context, v] { run_verb(context, "app-password list", {{"address", {v->address}}}); });
  const auto of_one = [&](const char* name, const char* help) {
    CLI::App* command = noun->add_subcommand(name, help);
    command->add_option("address", v->address)->required();
    command->add_option("id", v->id, "Of app-password list")->required();
    command->callback([&context, v, verb = std::string("app-password ") + name] {
      Options options = scope_of(*v);
      options["address"] = {v->address};
      options["id"] = {v->id};
      run_verb(context, verb, options);
    });
    return command;
  };
  add_scope_options(of_one("set", "Change what it is good for; open sessions end"), v);
  of_one("block", "Keep the device out for the time being; open sessions end");
  of_one("unblock", "Let it in again");
  of_one("delete", "Let it work no longer; open sessions end");
  add_device_commands(app, context);
}

}  // namespace gatepost::cli
