#include <algorithm>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "base/date.hpp"
#include "cli/commands.hpp"
#include "cli/gate_noun.hpp"
#include "cli/run_verb.hpp"
#include "config/units.hpp"
#include "daemon/control_socket.hpp"
#include "gate/explain/explain.hpp"
#include "gate/log/print.hpp"
#include "gate/look/gather.hpp"

namespace gatepost::cli {
namespace {

struct GateExplainOptions {
  std::string service, from, host, local, at, window = "15m", watch, name, ca;
  std::uint16_t port = 0;
  std::vector<std::string> logs, probes;
  bool no_probe = false, no_dns = false;
};

// "2026-11-26T14:05:00Z", or "14:05" and "14:05:11" of the last 24 hours by this machine's clock.
std::optional<TimePoint> time_named(const std::string& text, TimePoint now) {
  if (const auto exact = date::parse_rfc3339(text)) return exact;
  int hour = 0, minute = 0, second = 0;
  char rest = 0;
  const int fields = std::sscanf(text.c_str(), "%d:%d:%d%c", &hour, &minute, &second, &rest);
  if ((fields != 2 && fields != 3) || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
    return std::nullopt;
  const std::time_t today = std::chrono::system_clock::to_time_t(now);
  tm local{};
  if (localtime_r(&today, &local) == nullptr) return std::nullopt;
  local.tm_hour = hour;
  local.tm_min = minute;
  local.tm_sec = second;
  local.tm_isdst = -1;
  TimePoint at = std::chrono::system_clock::from_time_t(std::mktime(&local));
  if (at > now) at -= std::chrono::hours(24);
  return at;
}

int explain_usage(Context& context, const std::string& what) {
  std::cerr << gate::log::for_terminal(what) << "\n";
  return context.exit_code = 2;
}

// The request the options ask for; nullopt: wrong usage, and it is printed.
std::optional<gate::look::Request> explain_request(Context& context, const GateExplainOptions& o,
                                                   const config::Config& config, TimePoint now) {
  gate::look::Request r;
  gate::explain::Question& q = r.question;
  q.now = q.at = now;
  q.port = o.port;
  q.outbound = !o.host.empty();
  q.host = o.host;
  const auto wrong = [&](const std::string& what) {
    explain_usage(context, what);
    return std::nullopt;
  };
  if (!o.service.empty()) {
    const auto listener = std::ranges::find(config.listeners, o.service, &config::Listener::name);
    if (listener == config.listeners.end()) return wrong("there is no listener \"" + o.service + "\"");
    q.port = listener->port;
  }
  if (q.port == 0) return wrong("name a SERVICE, or --port");
  if (!o.from.empty() && !(q.from = IpAddress::parse(o.from))) return wrong("\"" + o.from + "\" is no address");
  if (!o.local.empty() && !(q.to = IpAddress::parse(o.local))) return wrong("\"" + o.local + "\" is no address");
  if (!o.at.empty()) {
    const auto at = time_named(o.at, now);
    if (!at) return wrong("--at takes 14:05, 14:05:11 or 2026-11-26T14:05:00.000Z");
    q.at = *at;
    q.past = now - *at > std::chrono::minutes(2);
  }
  const auto window = config::parse_duration(o.window);
  if (!window) return wrong("--window takes a time such as 15m");
  q.window = *window;
  if (!o.watch.empty()) {
    const auto watch = config::parse_duration(o.watch);
    if (!watch || *watch > std::chrono::hours(1)) return wrong("--watch takes a time up to 1h, such as 30s");
    if (!q.from) return wrong("--watch wants --from: whose packets to look for");
    r.watch = *watch;
  }
  r.server_name = o.name;
  r.ca_file = o.ca;
  r.probe = !o.no_probe;
  r.dns = !o.no_dns;
  r.logs = gate::look::usual_logs();
  for (const std::string& path : o.logs) r.logs.emplace_back(path);
  for (const std::string& path : o.probes) r.probes.emplace_back(path);
  return r;
}

void gate_explain(Context& context, const GateExplainOptions& options) {
  const auto config = load_config(context);
  if (!config) return;
  const SystemClock clock;
  const auto request = explain_request(context, options, *config, clock.now());
  if (!request) return;
  if (request->watch.count() != 0)
    std::cerr << fmt::format("Looking at the wire for {} s: let {} try now.\n", request->watch.count(), options.from);
  const auto ask = [&](const std::string& verb,
                       const std::map<std::string, std::vector<std::string>>& with) -> Result<std::string> {
    GP_TRY(const admin::Reply reply, daemon::ask(daemon::control_socket_path(config->server.data_dir), {verb, with}));
    if (reply.exit_code != 0) return fail(Errc::unavailable, reply.text);
    return reply.json;
  };
  const auto facts = gate::look::gather(*request, *config, ask, clock);
  if (!facts) {
    explain_usage(context, facts.error().detail);
    return;
  }
  const gate::Report report = gate::explain::report(*facts, gate::explain::explain(*facts));
  std::cout << (context.json ? report.json + "\n" : report.text);
  context.exit_code = report.exit_code;
}

}  // namespace

void add_gate_explain_command(CLI::App& app, Context& context) {
  auto o = std::make_shared<GateExplainOptions>();
  CLI::App* command = gate_noun(app).add_subcommand(
      "explain",
      "Why somebody cannot connect, and whose fault that is: rules, server, another product, provider, client, DNS");
  command->add_option("service", o->service, "A listener: what is wrong with it");
  command->add_option("--from", o->from, "The client's address");
  command->add_option("--port", o->port, "The port it tries")->check(CLI::Range(1, 65535));
  command->add_option("--local", o->local, "Which of this host's addresses it tries");
  command->add_option("--to", o->host,
                      "Outbound: why this host cannot reach another, such as --to mx.example.net --port 25");
  command->add_option("--at", o->at, "When: 14:05, or 2026-11-26T14:05:00.000Z; logs of that time are read");
  command->add_option("--window", o->window, "How long before that counts")->capture_default_str();
  command->add_option("--watch", o->watch, "Look at the wire for so long while the client tries: 30s");
  command->add_option("--log", o->logs, "A firewall's log, of any make, beside the usual ones; a rotated one too");
  command->add_option("--probe", o->probes, "What `gatepost probe --json` said elsewhere, such as at the client's");
  command->add_option("--name", o->name, "The name clients are set to, for the certificate and DNS");
  command->add_option("--ca", o->ca, "Trust the authorities of this PEM file instead of the system's");
  command->add_flag("--no-probe", o->no_probe, "Do not connect to the port from this host");
  command->add_flag("--no-dns", o->no_dns, "Do not look the server's name up");
  command->footer(
      "Exit codes: 0 nothing is wrong, 1 a cause was found, 2 it cannot be told (the text says what would tell).");
  command->callback([&context, o] { gate_explain(context, *o); });
}

}  // namespace gatepost::cli
