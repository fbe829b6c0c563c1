#include <memory>

#include <CLI/CLI.hpp>

#include "cli/certificate_hook.hpp"
#include "cli/commands.hpp"
#include "cli/private_authority.hpp"

namespace gatepost::cli {
namespace {

Options named(const std::string& name) { return name.empty() ? Options{} : Options{{"name", {name}}}; }

// A verb with one name that may be left out.
void add_named(CLI::App* noun, Context& context, const char* word, const char* help, const char* meaning) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = noun->add_subcommand(word, help);
  command->add_option("name", *name, meaning);
  const std::string verb = std::string("certificate ") + word;
  command->callback([&context, name, verb] { run_verb(context, verb, named(*name)); });
}

void add_issue(CLI::App* noun, Context& context) {
  auto name = std::make_shared<std::string>();
  auto dry = std::make_shared<bool>(false);
  CLI::App* command = noun->add_subcommand("issue", "Get a certificate of [acme] now");
  command->add_option("name", *name, "Its first name; otherwise the first certificate of [acme]");
  command->add_flag("--dry-run", *dry, "Only look whether one could be got: authority, account, challenge");
  command->callback(
      [&context, name, dry] { run_verb(context, *dry ? "certificate rehearse" : "certificate renew", named(*name)); });
}

void add_authority(CLI::App* noun, Context& context) {
  CLI::App* ca =
      noun->add_subcommand("ca", "Private authorities, for closed networks and trials")->require_subcommand(1);
  ca->add_subcommand("show", "The certificate of the server's own one, to be given to clients")->callback([&context] {
    run_verb(context, "certificate authority", {});
  });
  auto directory = std::make_shared<std::string>();
  auto name = std::make_shared<std::string>("Gatepost private authority");
  CLI::App* init = ca->add_subcommand("init", "Make one in a directory: ca.pem, ca.key");
  init->add_option("directory", *directory)->required();
  init->add_option("--name", *name, "What it calls itself")->capture_default_str();
  init->callback([&context, directory, name] { context.exit_code = make_authority(*directory, *name); });

  auto order = std::make_shared<PrivateOrder>();
  CLI::App* issue = ca->add_subcommand("issue", "Make a server's certificate with it");
  issue->add_option("directory", order->directory, "Where ca.pem and ca.key are")->required();
  issue->add_option("names", order->names, "Host names and addresses")->required();
  issue->add_option("--cert", order->certificate, "Where to; otherwise NAME.pem in that directory");
  issue->add_option("--key", order->key, "Where to; otherwise NAME.key. One that is there is used");
  issue->add_option("--days", order->days, "How long it is good")->check(CLI::Range(1, 3650))->capture_default_str();
  issue->callback([&context, order] { context.exit_code = issue_privately(*order); });
}

}  // namespace

void add_certificate_commands(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("certificate", "The certificates of the ports with TLS")->require_subcommand(1);
  noun->add_subcommand("list", "What each port really shows, days left, next renewal, last failure")
      ->callback([&context] { run_verb(context, "certificate list", {}); });
  add_named(noun, context, "show", "One certificate: chain, next renewal, what went wrong last",
            "A name in it; otherwise the server's host name");
  add_named(noun, context, "renew", "Get it again now; waits for the outcome",
            "Its first name; otherwise the first certificate of [acme]");
  add_issue(noun, context);
  add_named(noun, context, "tlsa", "TLSA records (DANE) of the present and the next key",
            "The host; otherwise the server's own");
  add_named(noun, context, "mta-sts", "The MTA-STS policy the certificate allows", "The mail domain");
  add_authority(noun, context);

  auto program = std::make_shared<std::string>();
  auto once = std::make_shared<bool>(false);
  CLI::App* hook = noun->add_subcommand("hook", "Run a program for every DNS record the server needs (dns-01)");
  hook->add_option("program", *program, "Called as: PROGRAM add|remove RECORD VALUE")->required();
  hook->add_flag("--once", *once, "End when there is nothing to do");
  hook->callback([&context, program, once] { context.exit_code = serve_hooks(context, *program, *once); });
}

}  // namespace gatepost::cli
