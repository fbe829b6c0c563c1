#include <pwd.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <thread>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/gate_noun.hpp"
#include "cli/probe_own.hpp"
#include "cli/run_verb.hpp"
#include "config/units.hpp"
#include "daemon/control_socket.hpp"
#include "gate/backend/export.hpp"
#include "gate/kernel/conntrack.hpp"
#include "gate/kernel/table_diff.hpp"
#include "gate/report/report.hpp"

namespace gatepost::cli {
namespace {

// The policy as it is at this moment.
struct GatePolicy {
  config::Config config;
  std::vector<gate::PortPolicy> ports;
  gate::Intent intent;
  bool daemon_runs = false;
  TimePoint now;
};

constexpr int kCouldNot = 2;  // of audit: it could not be looked at

void print_gate(Context& context, const gate::Report& report) {
  std::cout << (context.json ? report.json + "\n" : report.text);
  context.exit_code = report.exit_code;
}

void say_failure(Context& context, const Error& error, int code = 1) {
  std::cerr << error.detail << "\n";
  if (error.code == Errc::denied && ::geteuid() != 0) std::cerr << "The firewall is root's: run this as root.\n";
  context.exit_code = code;
}

std::optional<GatePolicy> gate_policy(Context& context) {
  auto config = load_config(context);
  if (!config) return std::nullopt;
  GatePolicy out;
  out.config = *std::move(config);
  out.now = SystemClock().now();
  const auto reply = daemon::ask(daemon::control_socket_path(out.config.server.data_dir), {"status", {}});
  std::optional<std::vector<gate::BoundSocket>> bound;
  if (reply && reply->exit_code == 0) {
    auto sockets = gate::bound_sockets(reply->json);
    if (!sockets) {
      say_failure(context, sockets.error());
      return std::nullopt;
    }
    bound = *std::move(sockets);
    out.daemon_runs = true;
  } else if (!reply && reply.error().code != Errc::not_found) {
    say_failure(context, reply.error());
    return std::nullopt;
  }
  out.ports = gate::port_policies(out.config, bound, out.now);
  out.intent = gate::intent_of(out.config, out.ports);
  return out;
}

Result<std::pair<gate::Situation, std::string>> look_at_kernel() {
  GP_TRY(gate::Nft nft, gate::Nft::open());
  GP_TRY(std::string live, nft.list_json());
  GP_TRY(const gate::Host host, gate::this_host());
  const auto legacy = gate::legacy_tables();
  GP_TRY(gate::Situation situation, gate::situation(live, host, legacy, gate::iptables_listings(live, legacy)));
  return std::pair{std::move(situation), std::move(live)};
}

struct Hands {
  gate::Revisions revisions;
  gate::Nft nft;
};

// What every change begins with: something that waits too long is undone first.
std::optional<Hands> hands(Context& context, const config::Config& config) {
  auto nft = gate::Nft::open();
  if (!nft) {
    say_failure(context, nft.error());
    return std::nullopt;
  }
  auto revisions = gate::Revisions::open(config.gate.state_dir);
  if (!revisions) {
    say_failure(context, revisions.error());
    return std::nullopt;
  }
  const auto undone = gate::undo_if_due(*revisions, *nft);
  if (!undone) {
    say_failure(context, undone.error());
    return std::nullopt;
  }
  if (*undone) std::cerr << "A revision was not confirmed in time and is undone.\n";
  return Hands{*std::move(revisions), *std::move(nft)};
}

std::string whoever() {
  // Root's word: the agent says for whom it asks.
  if (const char* asked = std::getenv("GATEPOST_ASKED_BY")) {
    std::string out(asked);
    if (const auto over = gate::ssh_connection()) out += " from " + over->client.to_string();
    return out;
  }
  const passwd* entry = ::getpwuid(::getuid());
  std::string out = entry == nullptr ? std::to_string(::getuid()) : entry->pw_name;
  if (const char* sudo = std::getenv("SUDO_USER")) out = fmt::format("{} (by sudo)", sudo);
  if (const auto ssh = gate::ssh_connection()) out += " from " + ssh->client.to_string();
  std::erase_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  return out;
}

void gate_show(Context& context) {
  const auto policy = gate_policy(context);
  if (!policy) return;
  auto seen = look_at_kernel();
  print_gate(context,
             gate::show(policy->ports, policy->intent, seen ? std::optional(std::move(seen->first)) : std::nullopt,
                        seen ? "" : seen.error().detail));
}

void gate_who(Context& context, std::uint16_t port) {
  const auto policy = gate_policy(context);
  if (!policy) return;
  const auto seen = look_at_kernel();
  if (!seen) return say_failure(context, seen.error());
  std::string service;
  for (const auto& p : policy->ports) {
    if (p.port == port && p.audience != config::Audience::off) service = p.service;
  }
  print_gate(context, gate::who(seen->first, port, service));
}

std::optional<gate::Plan> planned(Context& context, const GatePolicy& policy, gate::Nft& nft, std::uint64_t revision) {
  auto plan = gate::make_plan(nft, policy.intent, revision, gate::ssh_connection(), policy.now);
  if (plan) return *std::move(plan);
  say_failure(context, plan.error());
  return std::nullopt;
}

void gate_plan(Context& context) {
  const auto policy = gate_policy(context);
  if (!policy) return;
  auto nft = gate::Nft::open();
  if (!nft) return say_failure(context, nft.error());
  if (!policy->daemon_runs) std::cerr << "The daemon does not run: the listeners of the file count.\n";
  const auto plan = planned(context, *policy, *nft, 0);
  if (plan) print_gate(context, gate::plan(*plan, gate::ssh_connection()));
}

// Open sessions whose next first packet the rules would refuse. Where the kernel does not say, none.
std::vector<gate::Tracked> open_though_refused(const gate::Situation& situation, const gate::Intent& intent) {
  auto all = gate::refused_sessions(situation, intent).value_or(std::vector<gate::Tracked>());
  std::erase_if(all, [](const gate::Tracked& t) { return t.state != gate::Tracked::State::established; });
  return all;
}

// Sessions of sources that may no longer connect: the kernel would let them go on.
void end_sessions(const gate::Intent& intent) {
  const auto seen = look_at_kernel();
  const auto ended = seen ? gate::end_refused(seen->first, intent) : Result<std::size_t>(std::unexpected(seen.error()));
  if (!ended) {
    std::cerr << "Sessions that are no longer allowed were not ended: " << ended.error().detail << "\n";
  } else if (*ended != 0) {
    std::cerr << fmt::format("Ended {} session(s) whose source may no longer connect.\n", *ended);
  }
}

// Other rules are in force: the server puts its bans into them now, not when it looks by itself. None may run.
void tell_server(const config::Config& config) {
  (void)daemon::ask(daemon::control_socket_path(config.server.data_dir), {"ban list", {{"look", {}}}});
}

void say_applied(Context& context, const gate::Applied& applied) {
  if (context.json) {
    std::cout << fmt::format("{{\"revision\":{},\"changed\":{},\"pending\":{},\"deadline\":\"{}\"}}\n",
                             applied.revision, !applied.batch.empty(), applied.pending,
                             date::format_rfc3339(applied.deadline));
  } else if (applied.batch.empty()) {
    std::cout << fmt::format("Nothing to do: revision {} is in force.\n", applied.revision);
  } else if (applied.pending) {
    std::cout << fmt::format(
        "Applied revision {}. Connect anew and run `gatepost gate confirm` before {}, or it is undone.\n",
        applied.revision, date::format_rfc3339(applied.deadline));
  } else {
    std::cout << fmt::format("Applied revision {}.\n", applied.revision);
  }
}

struct ApplyArguments {
  std::string confirm = "120s";
  bool now = false, cut_me_off = false, without_daemon = false;
};

std::optional<gate::ApplyOptions> options_of(Context& context, const ApplyArguments& arguments) {
  gate::ApplyOptions out;
  out.by = whoever();
  out.ssh = gate::ssh_connection();
  const auto wait = config::parse_duration(arguments.confirm);
  if (arguments.now) {
    out.confirm = std::chrono::seconds(0);
  } else if (wait && *wait >= std::chrono::seconds(1) && *wait <= std::chrono::hours(24)) {
    out.confirm = *wait;
  } else {
    std::cerr << "--confirm takes a time from 1s to 24h, such as 120s.\n";
    context.exit_code = 2;
    return std::nullopt;
  }
  return out;
}

void gate_apply(Context& context, const ApplyArguments& arguments) {
  const auto options = options_of(context, arguments);
  if (!options) return;
  const auto policy = gate_policy(context);
  if (!policy) return;
  if (!policy->daemon_runs && !arguments.without_daemon) {
    std::cerr
        << "The daemon does not run, so it is not known what listens. Start it, or say --without-daemon to take the "
           "listeners of the file.\n";
    context.exit_code = 3;
    return;
  }
  auto both = hands(context, policy->config);
  if (!both) return;
  const auto plan = planned(context, *policy, both->nft, both->revisions.next_number());
  if (!plan) return;
  if (!context.json) std::cout << gate::plan(*plan, options->ssh).text;
  if (plan->cuts_off() && !arguments.cut_me_off) {
    std::cerr
        << "Not applied: you could not come back the way you came. Add your address to a network that may, or say "
           "--cut-me-off.\n";
    context.exit_code = 1;
    return;
  }
  const auto applied = gate::apply(both->revisions, both->nft, policy->intent, *options, policy->now);
  if (!applied) return say_failure(context, applied.error());
  tell_server(policy->config);
  say_applied(context, *applied);
  if (!applied->pending) end_sessions(policy->intent);
}

void gate_confirm(Context& context) {
  const auto policy = gate_policy(context);
  if (!policy) return;
  auto both = hands(context, policy->config);
  if (!both) return;
  const auto done = gate::confirm(both->revisions, both->nft, gate::ssh_connection());
  if (!done) return say_failure(context, done.error());
  std::cout << (context.json ? fmt::format("{{\"revision\":{}}}\n", *done)
                             : fmt::format("Revision {} stays.\n", *done));
  end_sessions(policy->intent);
}

void gate_rollback(Context& context, std::uint64_t revision, const ApplyArguments& arguments) {
  const auto options = options_of(context, arguments);
  if (!options) return;
  const auto config = load_config(context);
  if (!config) return;
  auto both = hands(context, *config);
  if (!both) return;
  if (revision == 0) {
    const auto undone = gate::undo(both->revisions, both->nft, "rolled back by " + options->by);
    if (!undone) return say_failure(context, undone.error());
    tell_server(*config);
    std::cout << (context.json ? fmt::format("{{\"undone\":{}}}\n", *undone)
                               : fmt::format("Revision {} is undone.\n", *undone));
    return;
  }
  const auto applied = gate::roll_back(both->revisions, both->nft, revision, *options, SystemClock().now());
  if (!applied) return say_failure(context, applied.error());
  tell_server(*config);
  say_applied(context, *applied);
}

void gate_history(Context& context) {
  const auto config = load_config(context);
  if (!config) return;
  auto both = hands(context, *config);
  if (!both) return;
  print_gate(context, gate::history(both->revisions.all(), both->revisions.pending()));
}

void gate_restore(Context& context) {
  const auto config = load_config(context);
  if (!config) return;
  auto both = hands(context, *config);
  if (!both) return;
  const auto done = gate::restore(both->revisions, both->nft, SystemClock().now());
  if (!done) return say_failure(context, done.error());
  tell_server(*config);
  if (*done) std::cout << fmt::format("Revision {} is in force.\n", **done);
}

std::optional<std::vector<gate::Finding>> earlier_findings(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return in ? gate::findings_from_json(text.str()) : std::nullopt;
}

// Counters are not older than the boot, nor than the rules; a revision that changed others kept them.
std::optional<TimePoint> counting_since(const gate::Revisions& revisions, const std::optional<gate::Marker>& marker) {
  const auto revision = marker ? revisions.get(marker->revision) : std::nullopt;
  if (!revision) return std::nullopt;
  const auto booted = SystemClock().now() - std::chrono::nanoseconds(gate::boottime_now());
  return std::max(revision->applied, std::chrono::time_point_cast<TimePoint::duration>(booted));
}

// Which networks used each listener, as the server counts them; empty when it does not run.
std::vector<gate::notes::Uses::OfListener> uses_of_the_server(const config::Config& config) {
  const auto reply = daemon::ask(daemon::control_socket_path(config.server.data_dir), {"gate uses", {}});
  if (!reply || reply->exit_code != 0) return {};
  return gate::notes::uses_from_json(reply->json).value_or(std::vector<gate::notes::Uses::OfListener>());
}

// The server's bans, and what the kernel has of them; nullopt: no server runs, or it keeps none.
std::optional<gate::BanEvidence> bans_now(const config::Config& config) {
  const auto reply = daemon::ask(daemon::control_socket_path(config.server.data_dir), {"ban list", {{"look", {}}}});
  const auto status = daemon::ask(daemon::control_socket_path(config.server.data_dir), {"status", {}});
  if (!reply || reply->exit_code != 0 || !status || status->exit_code != 0) return std::nullopt;
  auto out = gate::ban_evidence(reply->json, status->json);
  auto nft = gate::Nft::open();
  const auto live = nft ? nft->list_json() : Result<std::string>(std::unexpected(nft.error()));
  if (!out || !live) return std::nullopt;
  out->of_kernel = gate::banned_networks(*live);
  return out;
}

// A ban that begins or ends between the two looks is no finding: what differs is looked at again a little later.
std::optional<gate::BanEvidence> settled_bans(const config::Config& config) {
  constexpr int kLooks = 3;
  auto out = bans_now(config);
  for (int look = 1; look < kLooks && out && out->in_firewall && out->of_kernel && out->differs(); ++look) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    out = bans_now(config);
  }
  return out;
}

struct AuditArguments {
  bool changes_only = false, probe = false;
};

void gate_audit(Context& context, const AuditArguments& arguments) {
  const bool changes_only = arguments.changes_only;
  const auto policy = gate_policy(context);
  if (!policy) {
    context.exit_code = kCouldNot;
    return;
  }
  const auto seen = look_at_kernel();
  if (!seen) return say_failure(context, seen.error(), kCouldNot);
  auto both = hands(context, policy->config);
  if (!both) {
    context.exit_code = kCouldNot;
    return;
  }
  const auto normal = gate::listing_in_empty_namespace(gate::nft_table(policy->intent, 0, policy->now).text());
  const auto same = normal ? gate::same_table(*normal, seen->second) : Result<bool>(std::unexpected(normal.error()));
  if (!same) return say_failure(context, same.error(), kCouldNot);
  const gate::Evidence evidence{
      policy->config,
      policy->ports,
      policy->intent,
      seen->first,
      gate::listening_sockets(),
      gate::marker_in(seen->second),
      gate::has_our_table(seen->second),
      *same,
      both->revisions.pending(),
      policy->daemon_runs,
      gate::connections_let_in(seen->second),
      counting_since(both->revisions, gate::marker_in(seen->second)),
      uses_of_the_server(policy->config),
      policy->daemon_runs ? settled_bans(policy->config) : std::nullopt,
      policy->config.gate.log_group != 0 ? gate::log_group_is_read(policy->config.gate.log_group) : std::nullopt,
      open_though_refused(seen->first, policy->intent)};
  auto found = gate::audit(evidence, policy->now);
  if (arguments.probe && policy->daemon_runs) {
    const auto by_probe = probe_own_listeners(context);
    if (!by_probe) {
      context.exit_code = kCouldNot;
      return;
    }
    found.insert(found.end(), by_probe->begin(), by_probe->end());
  }
  const std::filesystem::path file = policy->config.gate.state_dir / "audit.json";
  auto before = changes_only ? earlier_findings(file) : std::nullopt;
  if (changes_only && !before) before.emplace();
  print_gate(context, gate::audit_report(found, before));
  const std::filesystem::path aside = file.string() + ".new";
  std::ofstream(aside, std::ios::binary | std::ios::trunc) << gate::to_json(found);
  std::error_code error;
  std::filesystem::rename(aside, file, error);
  if (error) std::cerr << file.string() << ": " << error.message() << "\n";
}

void gate_export(Context& context, const std::string& name) {
  for (const gate::Format& format : gate::formats()) {
    if (format.name != name) continue;
    const auto policy = gate_policy(context);
    if (!policy) return;
    const gate::Export out = format.write(policy->intent, policy->now);
    std::cout << out.text;
    for (const std::string& loss : out.losses) std::cerr << loss << "\n";
    return;
  }
  std::cerr << "There is no format '" << name << "'. There are:\n";
  for (const gate::Format& format : gate::formats())
    std::cerr << fmt::format("  {:<11} {}\n", format.name, format.help);
  context.exit_code = 2;
}

}  // namespace

void add_gate_commands(CLI::App& app, Context& context) {
  CLI::App* noun = &gate_noun(app);
  noun->add_subcommand("show", "Every port: who may connect, and whether the firewall agrees")->callback([&context] {
    gate_show(context);
  });
  auto port = std::make_shared<std::uint16_t>(0);
  CLI::App* who = noun->add_subcommand("who", "Who can reach a port, with the rules that decide");
  who->add_option("port", *port, "993")->required()->check(CLI::Range(1, 65535));
  who->callback([&context, port] { gate_who(context, *port); });
  noun->add_subcommand("plan", "What apply would change: who gains and who loses access")->callback([&context] {
    gate_plan(context);
  });
  auto arguments = std::make_shared<ApplyArguments>();
  const auto add_waiting = [&](CLI::App* command) {
    command->add_option("--confirm", arguments->confirm, "Undone after this time unless confirmed")
        ->capture_default_str();
    command->add_flag("--now", arguments->now, "For good, without a confirmation: for scripts");
  };
  CLI::App* apply = noun->add_subcommand("apply", "Put the policy into the firewall, until it is confirmed or undone");
  add_waiting(apply);
  apply->add_flag("--cut-me-off", arguments->cut_me_off, "Even when your own way in would be closed");
  apply->add_flag("--without-daemon", arguments->without_daemon, "Take the listeners of the file");
  apply->callback([&context, arguments] { gate_apply(context, *arguments); });
  noun->add_subcommand("confirm", "Keep what was applied; from a new connection")->callback([&context] {
    gate_confirm(context);
  });
  auto revision = std::make_shared<std::uint64_t>(0);
  CLI::App* rollback =
      noun->add_subcommand("rollback", "Undo what waits for its confirmation, or bring back a revision");
  rollback->add_option("revision", *revision, "A number of `gatepost gate history`");
  add_waiting(rollback);
  rollback->callback([&context, arguments, revision] { gate_rollback(context, *revision, *arguments); });
  noun->add_subcommand("history", "The last 20 revisions")->callback([&context] { gate_history(context); });
  noun->add_subcommand("restore", "At boot: load the last confirmed revision")->callback([&context] {
    gate_restore(context);
  });
  auto audit_arguments = std::make_shared<AuditArguments>();
  CLI::App* audit = noun->add_subcommand(
      "audit", "Whether listeners, policy and ruleset agree; exit code 0: yes, 1: findings, 2: could not look");
  audit->add_flag("--changes", audit_arguments->changes_only, "Only what came or went since the last audit");
  audit->add_flag("--probe", audit_arguments->probe, "Look at each listener as a client does, too");
  audit->callback([&context, audit_arguments] { gate_audit(context, *audit_arguments); });
  auto format = std::make_shared<std::string>();
  CLI::App* exported =
      noun->add_subcommand("export", "The policy for another firewall; what it cannot say goes to stderr");
  exported->add_option("format", *format, "nftables, iptables, ufw, ...")->required();
  exported->callback([&context, format] { gate_export(context, *format); });
  add_gate_import_command(*noun, context);
}

}  // namespace gatepost::cli
