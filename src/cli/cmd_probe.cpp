#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/ascii.hpp"
#include "cli/commands.hpp"
#include "cli/run_verb.hpp"
#include "gate/log/print.hpp"
#include "gate/probe/certificate.hpp"
#include "gate/probe/prober.hpp"

namespace gatepost::cli {

namespace {

using gate::probe::Service;
using Target = std::pair<Service, IpAddress>;

struct ProbeOptions {
  std::string host, profile = "gatepost", ports, from, name, ca, certificate, outside = "example.com";
  bool verbose = false, no_relay = false;
  unsigned timeout = 5;
};

int wrong_usage(const std::string& what) {
  std::cerr << gate::log::for_terminal(what) << "\n";
  return 2;
}

// The services that were asked for; nullopt: a word is none, and that is printed.
std::optional<std::vector<Service>> services_of(const ProbeOptions& options) {
  if (options.ports.empty()) {
    auto services = gate::probe::profile(options.profile);
    if (!services) wrong_usage("there is no profile \"" + options.profile + "\": gatepost, exchange2016");
    return services;
  }
  std::vector<Service> services;
  const auto of_profile = gate::probe::profile(options.profile);
  for (const std::string_view word : ascii::split(options.ports, ',')) {
    auto service = gate::probe::service_named(ascii::trim(word));
    if (!service) {
      wrong_usage("there is no port \"" + std::string(word) + "\"");
      return std::nullopt;
    }
    // What the chosen profile says of the port counts.
    for (const Service& known : of_profile.value_or(std::vector<Service>())) {
      if (known.port == service->port) service = known;
    }
    services.push_back(*std::move(service));
  }
  return services;
}

Service service_of(const config::Listener& listener) {
  using gate::probe::Protocol;
  Service service{.name = listener.name, .port = listener.port, .expect = gate::probe::Expect::open};
  service.tls = listener.tls == config::TlsMode::none       ? gate::probe::Tls::none
                : listener.tls == config::TlsMode::starttls ? gate::probe::Tls::starttls
                                                            : gate::probe::Tls::implicit;
  switch (listener.service) {
    case config::Service::smtp:
      service.protocol = Protocol::smtp;
      service.relay_test = true;
      return service;
    case config::Service::submission:
      service.protocol = Protocol::smtp;
      break;
    case config::Service::imap:
      service.protocol = Protocol::imap;
      break;
    case config::Service::pop3:
      service.protocol = Protocol::pop3;
      break;
    default:
      return service;
  }
  service.users_sign_in = service.required_tls = service.tls != gate::probe::Tls::none;
  return service;
}

// This host's own server: every listener of its configuration, on each of its addresses.
bool own_targets(Context& context, gate::probe::Settings& settings, std::vector<Target>& targets) {
  const auto config = load_config(context);
  if (!config) return false;
  if (settings.server_name.empty()) settings.server_name = config->server.hostname;
  if (!config->tls.certificates.empty() && !settings.leaf_on_disk) {
    const auto leaf = gate::probe::read_leaf(config->tls.certificates.front().cert);
    if (leaf) settings.leaf_on_disk = *leaf;
  }
  for (const config::Listener& listener : config->listeners) {
    if (listener.audience == config::Audience::off) continue;
    for (const Endpoint& endpoint : listener.endpoints()) {
      IpAddress address = endpoint.address;
      if (address == IpAddress{}) address = *IpAddress::parse("::1");
      if (address == IpAddress::v4(0)) address = IpAddress::v4(0x7f000001);
      if (settings.source && settings.source->is_v4() != address.is_v4()) continue;
      targets.emplace_back(service_of(listener), address);
    }
  }
  return true;
}

int probe(Context& context, const ProbeOptions& options) {
  SystemClock clock;
  gate::probe::Settings settings;
  settings.server_name = options.name;
  settings.ca_file = options.ca;
  settings.outside_domain = options.outside;
  settings.relay_test = !options.no_relay;
  settings.answer_timeout = std::chrono::seconds(options.timeout);
  settings.exchange = options.profile.starts_with("exchange");
  if (!options.from.empty()) {
    settings.source = IpAddress::parse(options.from);
    if (!settings.source) return wrong_usage("\"" + options.from + "\" is no address");
  }
  if (!options.certificate.empty()) {
    const auto leaf = gate::probe::read_leaf(options.certificate);
    if (!leaf) return wrong_usage(leaf.error().detail);
    settings.leaf_on_disk = *leaf;
  }
  const auto started = std::chrono::steady_clock::now();
  gate::probe::Report report;
  std::vector<Target> targets;
  if (options.host.empty()) {
    report.profile = "own listeners";
    if (!own_targets(context, settings, targets)) return 2;
    report.host = settings.server_name;
  } else {
    const auto services = services_of(options);
    if (!services) return 2;
    report.host = options.host;
    report.profile = options.profile;
    if (settings.server_name.empty() && !IpAddress::parse(options.host)) settings.server_name = options.host;
    for (const IpAddress& address : gate::probe::find_addresses(options.host, settings, report.findings)) {
      for (const Service& service : *services) targets.emplace_back(service, address);
    }
  }
  report.ports = gate::probe::probe_ports(targets, settings, clock);
  report.took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started);
  std::cout << (context.json ? gate::probe::format_json(report) + "\n"
                             : gate::probe::format_text(report, options.verbose));
  return report.exit_code();
}

}  // namespace

void add_probe_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<ProbeOptions>();
  CLI::App* command =
      app.add_subcommand("probe", "Look at a mail server as a stranger would; never signs in, never sends mail");
  command->add_option("host", options->host,
                      "A name or an address; without it, the listeners of the configuration on this host");
  command->add_option("--ports", options->ports, "Only these, by number or name: 25,imaps");
  command->add_option("--profile", options->profile, "What should be there: gatepost (any mail server), exchange2016")
      ->capture_default_str();
  command->add_option("--from", options->from, "Leave from this address of this host");
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
