#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"

namespace gatepost::cli {
namespace {

struct RightsValues {
  std::string address, right, copies, seen;
  std::vector<std::string> who;
};

}  // namespace

void add_rights_commands(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("rights", "Who may open whose mailbox, send as it, or send on its behalf")
                       ->require_subcommand(1);
  auto v = std::make_shared<RightsValues>();
  const auto options = [v] {
    Options out{{"address", {v->address}}};
    if (!v->right.empty()) out["right"] = {v->right};
    if (!v->who.empty()) out["who"] = v->who;
    if (!v->copies.empty()) out["copies"] = {v->copies};
    if (!v->seen.empty()) out["seen"] = {v->seen};
    return out;
  };
  const auto verb = [&](const std::string& name, const std::string& help, const std::string& address) {
    CLI::App* command = noun->add_subcommand(name, help);
    command->add_option("address", v->address, address)->required();
    command->callback([&context, name, options] { run_verb(context, "rights " + name, options()); });
    return command;
  };
  const std::string whose = "The mailbox, or for the rights to send a group";
  verb("list", "Who may open all of a mailbox, send as it, or on its behalf", whose);
  verb("held", "What somebody may open whole, send as, or on behalf of; groups counted", "Whose rights");
  for (const auto& [name, help] : {std::pair{"grant", "Grant a right; one does not include the other"},
                                   std::pair{"revoke", "Take a right back; open sessions lose it at once"}}) {
    CLI::App* change = verb(name, help, whose);
    change
        ->add_option("right", v->right,
                     "full-access (folders alone), send-as, or send-on-behalf (readers see who sent)")
        ->required()
        ->check(CLI::IsMember({"full-access", "send-as", "send-on-behalf"}));
    change->add_option("who", v->who, "Accounts, and groups (all who are in them)")->required();
  }
  verb("copies", "Put what others send as a mailbox into its own Sent folder, too", "The mailbox")
      ->add_option("copies", v->copies)
      ->required()
      ->check(CLI::IsMember({"on", "off"}));
  verb("seen", "Read and unread: each who opens the mailbox has his own, or all share one mark", "The mailbox")
      ->add_option("seen", v->seen)
      ->required()
      ->check(CLI::IsMember({"own", "shared"}));
}

}  // namespace gatepost::cli
