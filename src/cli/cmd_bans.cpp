#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "cli/commands.hpp"
#include "cli/run_verb.hpp"
#include "daemon/control_socket.hpp"
#include "gate/kernel/ban_proof.hpp"

namespace gatepost::cli {
namespace {

// What the evaluator says of the ban, read from the kernel's whole ruleset; a reason why it cannot.
Result<std::vector<gate::BanAtPort>> proof_of_ban(const config::Config& config, const Network& network) {
  GP_TRY(gate::Nft nft, gate::Nft::open());
  GP_TRY(const std::string live, nft.list_json());
  GP_TRY(const gate::Host host, gate::this_host());
  GP_TRY(const gate::Situation situation, gate::situation(live, host, gate::legacy_tables()));
  const auto status = daemon::ask(daemon::control_socket_path(config.server.data_dir), {"status", {}});
  std::optional<std::vector<gate::BoundSocket>> bound;
  if (status && status->exit_code == 0) {
    GP_TRY(bound, gate::bound_sockets(status->json));
  }
  const auto policies = gate::port_policies(config, bound, SystemClock().now());
  return gate::prove_ban(situation, gate::intent_of(config, policies), network);
}

void add_proof(admin::Reply& reply, const std::vector<gate::BanAtPort>& ports) {
  using Kind = gate::BanAtPort::Kind;
  boost::json::array list;
  std::size_t refused = 0;
  std::string text;
  for (const gate::BanAtPort& p : ports) {
    refused += p.kind == Kind::refused ? 1 : 0;
    const std::string_view word = p.kind == Kind::refused ? "refused" : p.kind == Kind::open ? "OPEN" : "not known";
    text += fmt::format("  {:<5} {:<14} {:<9} by {}\n", p.port, p.service, word, p.by);
    list.push_back(boost::json::object{{"port", p.port},
                                       {"service", p.service},
                                       {"fate", p.kind == Kind::refused ? "refused"
                                                : p.kind == Kind::open  ? "open"
                                                                        : "unknown"},
                                       {"by", p.by}});
  }
  reply.text += ports.empty()
                    ? std::string("No port of ours is reachable from outside.\n")
                    : fmt::format("The firewall refuses it at {} of {} ports:\n{}", refused, ports.size(), text);
  boost::json::value whole = boost::json::parse(reply.json);
  whole.as_object()["firewall_proof"] = std::move(list);
  whole.as_object()["firewall_proven"] = refused == ports.size();
  reply.json = boost::json::serialize(whole);
}

// The network that a reply says is banned.
std::optional<Network> banned_network(const admin::Reply& reply) {
  if (reply.exit_code != 0) return std::nullopt;
  boost::system::error_code error;
  const boost::json::value whole = boost::json::parse(reply.json, error);
  const auto* ban = error || !whole.is_object() ? nullptr : whole.get_object().if_contains("ban");
  const auto* network = ban != nullptr && ban->is_object() ? ban->get_object().if_contains("network") : nullptr;
  if (network == nullptr || !network->is_string()) return std::nullopt;
  return Network::parse(std::string_view(network->get_string()));
}

// A verb that may answer with a ban, and what the firewall makes of that.
void run_with_proof(Context& context, const std::string& verb, const Options& options) {
  const auto config = load_config(context);
  if (!config) return;
  admin::Reply reply = reply_to(*config, {verb, options});
  if (const auto network = banned_network(reply)) {
    const auto proof = proof_of_ban(*config, *network);
    if (proof) {
      add_proof(reply, *proof);
    } else {
      reply.text +=
          fmt::format("Whether the firewall refuses it cannot be seen from here: {}.\n", proof.error().detail);
    }
  }
  print(context, reply);
}

}  // namespace

void add_ban_commands(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("ban", "Who may not connect for a while (docs/bans.md)")->require_subcommand(1);
  noun->add_subcommand("list", "The bans, and who may not sign in")->callback([&context] {
    run_verb(context, "ban list", {});
  });
  struct BanValues {
    std::string address, length, reason;
  };
  auto v = std::make_shared<BanValues>();
  CLI::App* explain = noun->add_subcommand("explain", "Whether an address may connect, and what is held against it");
  explain->add_option("address", v->address)->required();
  explain->callback([&context, v] { run_with_proof(context, "ban explain", {{"address", {v->address}}}); });
  CLI::App* add = noun->add_subcommand("add", "Keep an address, a /24, or an IPv6 /64 or /48 out");
  add->add_option("address", v->address)->required();
  add->add_option("--for", v->length, "How long: 2h, \"3 days\"; 1h without it");
  add->add_option("--reason", v->reason, "For whoever asks later");
  add->callback([&context, v] {
    Options options{{"address", {v->address}}};
    if (!v->length.empty()) options["for"] = {v->length};
    if (!v->reason.empty()) options["reason"] = {v->reason};
    run_with_proof(context, "ban add", options);
  });
  CLI::App* lift = noun->add_subcommand("lift", "End a ban, and forget what was held against the address");
  lift->add_option("address", v->address, "An address, or a network as the list has it")->required();
  lift->callback([&context, v] { run_verb(context, "ban lift", {{"address", {v->address}}}); });
  noun->add_subcommand("refill", "Tell the firewall all bans again, as `gatepost gate audit` may advise")
      ->callback([&context] { run_verb(context, "ban refill", {}); });
}

}  // namespace gatepost::cli
