#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "certificates/store.hpp"
#include "cli/commands.hpp"
#include "cli/probe_own.hpp"
#include "cli/run_verb.hpp"
#include "daemon/paths.hpp"
#include "daemon/self_probe.hpp"
#include "gate/log/print.hpp"
#include "gate/probe/certificate.hpp"
#include "gate/probe/prober.hpp"
#include "gate/probe/vantage.hpp"

namespace gatepost::cli {

namespace {

using gate::probe::Service;
using Target = std::pair<Service, IpAddress>;

struct ProbeOptions {
  std::string host, profile = "gatepost", ports, from, bind, netns, name, ca, certificate, outside = "example.com";
  bool verbose = false, no_relay = false;
  unsigned timeout = 5;
  // Of a vantage.
  std::string serve, key, make_key;
  std::vector<std::string> allow;
  std::vector<std::uint16_t> allow_ports;
  std::size_t per_minute = 12;
};

int wrong_usage(const std::string& what) {
  std::cerr << gate::log::for_terminal(what) << "\n";
  return 2;
}

std::vector<std::string> listed_words(const std::string& list) {
  std::vector<std::string> out;
  if (list.empty()) return out;
  for (const std::string_view word : ascii::split(list, ',')) out.emplace_back(ascii::trim(word));
  return out;
}

// This host's own server: every listener of its configuration, on each of its addresses; of them, those that let this
// host itself in, or all.
bool own_targets(Context& context, gate::probe::Settings& settings, std::vector<Target>& targets, bool all = true) {
  const auto config = load_config(context);
  if (!config) return false;
  if (settings.server_name.empty()) settings.server_name = config->server.hostname;
  // Whoever signs for a closed network trusts its own authority.
  std::error_code ignored;
  const auto own = certificates::Store(daemon::certificates_directory(*config)).authority_file();
  if (config->tls.self_signed && settings.ca_file.empty() && std::filesystem::exists(own, ignored))
    settings.also_ca_file = own;
  if (!settings.leaf_on_disk) {
    // What is got from an authority is called by its first name; other cases are `gatepost certificate list`'s.
    const std::string& host = config->server.hostname;
    const auto leaf = gate::probe::read_leaf(
        config->tls.certificates.empty() ? certificates::Store(daemon::certificates_directory(*config)).file(host)
                                         : config->tls.certificates.front().cert);
    if (leaf) settings.leaf_on_disk = *leaf;
  }
  for (const config::Listener& listener : config->listeners) {
    if (listener.audience == config::Audience::off) continue;
    for (const Endpoint& endpoint : listener.endpoints()) {
      const IpAddress address = daemon::reached_at(endpoint.address);
      if (settings.source && settings.source->is_v4() != address.is_v4()) continue;
      // Whoever connects to an address of this host from it comes from that same address.
      if (!all && !config::admits(listener, config->networks, address, SystemClock().now())) continue;
      targets.emplace_back(daemon::probed_service(listener), address);
    }
  }
  return true;
}

// Another network namespace, for this thread and those it starts.
Result<> enter_namespace(const std::string& name) {
  if (name.find('/') != std::string::npos) return fail(Errc::invalid, "\"" + name + "\" is no name of a namespace");
  const int fd = ::open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail(Errc::not_found, fmt::format("there is no namespace {}: {}", name, std::strerror(errno)));
  const int done = ::setns(fd, CLONE_NEWNET);
  const int error = errno;
  ::close(fd);
  if (done != 0)
    return fail(Errc::denied, fmt::format("cannot enter the namespace {}: {}", name, std::strerror(error)));
  return {};
}

void print_report(Context& context, const gate::probe::Report& report, bool verbose) {
  std::cout << (context.json ? gate::probe::format_json(report) + "\n" : gate::probe::format_text(report, verbose));
}

// The vantage that --from names: this host in one of its guises, or a server. nullopt: a server, to be asked.
std::optional<Result<>> take_place(const ProbeOptions& options, gate::probe::Settings& settings) {
  std::string bind = options.bind, netns = options.netns;
  const std::string& from = options.from;
  if (from == "loopback") {
    bind = options.host.find(':') == std::string::npos ? "127.0.0.1" : "::1";
  } else if (from.starts_with("netns:")) {
    netns = from.substr(6);
  } else if (IpAddress::parse(from) && options.key.empty()) {
    bind = from;
  } else if (!from.empty()) {
    return std::nullopt;
  }
  if (!netns.empty()) {
    if (auto done = enter_namespace(netns); !done) return done;
  }
  if (!bind.empty()) {
    settings.source = IpAddress::parse(bind);
    if (!settings.source) return fail(Errc::invalid, "\"" + bind + "\" is no address");
  }
  return Result<>();
}

int probe_from_server(Context& context, const ProbeOptions& options, const gate::probe::Settings& settings) {
  if (options.host.empty()) return wrong_usage("A vantage elsewhere has to be told the HOST.");
  if (options.key.empty())
    return wrong_usage("\"" + options.from +
                       "\" is no address of this host; for a vantage elsewhere say --key FILE, too.");
  const auto key = gate::probe::read_key(options.key);
  if (!key) return wrong_usage(key.error().detail);
  gate::probe::VantageRequest request;
  request.host = options.host;
  request.profile = options.profile;
  request.ports = listed_words(options.ports);
  request.server_name = options.name;
  request.outside_domain = options.outside;
  request.leaf_on_disk = settings.leaf_on_disk.value_or("");
  request.relay_test = !options.no_relay;
  request.answer_timeout = std::chrono::seconds(options.timeout);
  const auto report = gate::probe::ask_vantage(options.from, key->reveal(), request);
  if (!report) return wrong_usage(report.error().detail);
  print_report(context, *report, options.verbose);
  return report->exit_code();
}

// --serve: until it is told to end.
int serve_vantage(const ProbeOptions& options) {
  const auto at = gate::probe::endpoint_to_serve(options.serve);
  if (!at) return wrong_usage("--serve takes ADDRESS:PORT, ADDRESS or PORT");
  if (options.allow.empty())
    return wrong_usage(
        "--serve needs --allow: the hosts or networks that may be looked at. It is no scanner for everybody.");
  if (options.key.empty()) return wrong_usage("--serve needs --key FILE (make one with --make-key FILE)");
  auto key = gate::probe::read_key(options.key);
  if (!key) return wrong_usage(key.error().detail);
  gate::probe::VantageTerms terms;
  for (const std::string& word : options.allow) {
    if (const auto network = Network::parse(word)) {
      terms.networks.push_back(*network);
    } else if (word.find('/') != std::string::npos) {
      return wrong_usage("\"" + word + "\" is no network");
    } else {
      terms.hosts.push_back(word);
    }
  }
  terms.more_ports = options.allow_ports;
  terms.ca_file = options.ca;
  terms.requests_per_minute = options.per_minute;
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);  // its threads inherit that
  const SystemClock clock;
  const auto server = gate::probe::VantageServer::start(*at, *std::move(key), std::move(terms), clock);
  if (!server) return wrong_usage(server.error().detail);
  std::cout << fmt::format("Looking from here for whoever has the key: {}", (*server)->at().to_string()) << std::endl;
  int signal = 0;
  sigwait(&ends, &signal);
  return 0;
}

int probe(Context& context, const ProbeOptions& options) {
  if (!options.make_key.empty()) {
    const auto made = gate::probe::make_key(options.make_key);
    return made ? 0 : wrong_usage(made.error().detail);
  }
  if (!options.serve.empty()) return serve_vantage(options);
  SystemClock clock;
  gate::probe::Settings settings;
  settings.server_name = options.name;
  settings.ca_file = options.ca;
  settings.outside_domain = options.outside;
  settings.relay_test = !options.no_relay;
  settings.answer_timeout = std::chrono::seconds(options.timeout);
  settings.exchange = options.profile.starts_with("exchange");
  if (!options.certificate.empty()) {
    const auto leaf = gate::probe::read_leaf(options.certificate);
    if (!leaf) return wrong_usage(leaf.error().detail);
    settings.leaf_on_disk = *leaf;
  }
  const auto here = take_place(options, settings);
  if (!here) return probe_from_server(context, options, settings);
  if (!*here) return wrong_usage(here->error().detail);
  const auto started = std::chrono::steady_clock::now();
  gate::probe::Report report;
  std::vector<Target> targets;
  if (options.host.empty()) {
    report.profile = "own listeners";
    if (!own_targets(context, settings, targets)) return 2;
    report.host = settings.server_name;
  } else {
    const auto services = gate::probe::services_for(options.profile, listed_words(options.ports));
    if (!services) return wrong_usage(services.error().detail);
    report.host = options.host;
    report.profile = options.profile;
    if (settings.server_name.empty() && !IpAddress::parse(options.host)) settings.server_name = options.host;
    for (const IpAddress& address : gate::probe::find_addresses(options.host, settings, report.findings)) {
      for (const Service& service : *services) targets.emplace_back(service, address);
    }
  }
  report.ports = gate::probe::probe_ports(targets, settings, clock);
  report.took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started);
  print_report(context, report, options.verbose);
  return report.exit_code();
}

}  // namespace

std::optional<std::vector<gate::Finding>> probe_own_listeners(Context& context) {
  const SystemClock clock;
  gate::probe::Settings settings;
  std::vector<Target> targets;
  if (!own_targets(context, settings, targets, false)) return std::nullopt;
  std::vector<gate::Finding> out;
  for (const auto& port : gate::probe::probe_ports(targets, settings, clock)) {
    for (const auto& finding : port.findings) {
      // From this host itself much cannot be told; that is no finding about the server.
      if (finding.outcome != gate::probe::Outcome::fail && finding.outcome != gate::probe::Outcome::warn) continue;
      out.push_back({port.service,
                     fmt::format("a probe of {} finds ({}): {}", port.at.to_string(),
                                 gate::probe::to_string(finding.stage), finding.text),
                     finding.remedy});
    }
  }
  return out;
}

void add_probe_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<ProbeOptions>();
  CLI::App* command =
      app.add_subcommand("probe", "Look at a mail server as a stranger would; never signs in, never sends mail");
  command->add_option("host", options->host,
                      "A name or an address; without it, the listeners of the configuration on this host");
  command->add_option("--ports", options->ports, "Only these, by number or name: 25,imaps");
  command
      ->add_option(
          "--profile", options->profile,
          "What should be there: gatepost (any mail server), exchange (2016 and 2019, their whole port matrix)")
      ->capture_default_str();
  command->add_option(
      "--from", options->from,
      "Where to look from: loopback, an address of this host, netns:NAME, or HOST[:PORT] of a vantage elsewhere");
  command->add_option("--bind", options->bind, "Leave from this address of this host");
  command->add_option("--netns", options->netns, "Look from this network namespace of this host");
  command->add_option("--key", options->key, "The file with the key of a vantage elsewhere");
  command->add_option("--serve", options->serve, "Be such a vantage, at [ADDRESS:]PORT, until ended");
  command->add_option("--allow", options->allow, "With --serve: a host, address or network that may be looked at");
  command->add_option("--allow-port", options->allow_ports, "With --serve: a port beside those of mail servers");
  command->add_option("--per-minute", options->per_minute, "With --serve: requests it answers in a minute")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--make-key", options->make_key, "Write a new key to this file, and end");
  command->add_option("--name", options->name, "The name its certificate has to be for, when HOST is an address");
  command->add_option("--ca", options->ca, "Trust the authorities of this PEM file instead of the system's");
  command->add_option("--certificate", options->certificate, "The PEM file whose certificate should be served");
  command->add_option("--outside", options->outside, "A domain the server does not serve, for the relay test")
      ->capture_default_str();
  command->add_flag("--no-relay", options->no_relay, "Do not try to relay");
  command->add_option("--timeout", options->timeout, "Seconds to wait for each answer")
      ->check(CLI::Range(1, 120))
      ->capture_default_str();
  command->add_flag("-v,--verbose", options->verbose, "Every stage, not only what is not as it should be");
  command->footer("Exit codes: 0 nothing failed, 1 something did, 2 nothing could be found out or wrong usage.");
  command->callback([&context, options] { context.exit_code = probe(context, *options); });
}

}  // namespace gatepost::cli
