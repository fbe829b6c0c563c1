#include "daemon/self_probe.hpp"

#include "gate/probe/prober.hpp"

namespace gatepost::daemon {

namespace probe = gate::probe;

probe::Service probed_service(const config::Listener& listener) {
  using probe::Protocol;
  probe::Service service{.name = listener.name, .port = listener.port, .expect = probe::Expect::open};
  service.tls = listener.tls == config::TlsMode::none       ? probe::Tls::none
                : listener.tls == config::TlsMode::starttls ? probe::Tls::starttls
                                                            : probe::Tls::implicit;
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
    case config::Service::ldap:
      service.protocol = Protocol::ldap;
      break;
    case config::Service::http:
      service.protocol = Protocol::http;
      return service;
    case config::Service::https:
      service.protocol = Protocol::http;
      break;
    default:
      return service;
  }
  service.users_sign_in = service.required_tls = service.tls != probe::Tls::none;
  return service;
}

IpAddress reached_at(const IpAddress& bound) {
  if (bound == IpAddress{}) return *IpAddress::parse("::1");
  return bound == IpAddress::v4(0) ? IpAddress::v4(0x7f000001) : bound;
}

std::vector<probe::PortReport> probe_ports(const std::vector<OpenPort>& ports, const std::string& host,
                                           const std::string& leaf_der, const std::filesystem::path& ca_file,
                                           const Clock& clock) {
  constexpr std::size_t kThreads = 8;
  probe::Settings settings;
  settings.server_name = host;
  settings.ca_file = ca_file.string();
  settings.leaf_on_disk = leaf_der;
  settings.relay_test = false;
  settings.old_tls_test = false;
  std::vector<std::pair<probe::Service, IpAddress>> targets;
  for (const auto& [listener, at] : ports) {
    // One behind a proxy speaks to that alone.
    if (listener.tls == config::TlsMode::none || listener.proxy_protocol) continue;
    targets.emplace_back(probed_service(listener), reached_at(at.address));
  }
  return probe::probe_ports(targets, settings, clock, kThreads);
}

}  // namespace gatepost::daemon
