#include "gate/policy/policy.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/digest.hpp"

namespace gatepost::gate {
namespace {

bool is_any(const IpAddress& a) { return a == IpAddress{} || a == IpAddress::v4(0); }

AddressSet destinations_of(const std::vector<IpAddress>& addresses) {
  AddressSet out;
  for (const IpAddress& a : addresses) {
    if (is_any(a)) {
      out = out | (a.is_v4() ? all_v4() : all_v6());
    } else {
      out = out | AddressSet::of(number_of(a));
    }
  }
  return out;
}

// Sources in the order they count, each without what an earlier one has.
class Sources {
 public:
  void add(std::string why, const AddressSet& addresses, std::string reason = {}, TimePoint until = {}) {
    AddressSet rest = addresses.minus(seen_);
    if (rest.empty()) return;
    seen_ = seen_ | rest;
    all.push_back({std::move(why), std::move(rest), std::move(reason), until});
  }
  std::vector<Source> all;

 private:
  AddressSet seen_;
};

std::vector<Source> sources_of(const config::Config& c, const config::Listener& l, TimePoint now) {
  Sources out;
  switch (l.audience) {
    case config::Audience::off:
      return {};
    case config::Audience::internet:
      out.add("internet", AddressSet::all());
      return std::move(out.all);
    case config::Audience::trusted:
      out.add("trusted", set_of(c.networks.trusted));
      break;
    case config::Audience::vpn:
      out.add("vpn", set_of(c.networks.vpn));
      break;
    case config::Audience::admin:
      out.add("admin", set_of(c.networks.admin));
      break;
    case config::Audience::named:
      break;
  }
  out.add("networks", set_of(l.networks));
  for (const auto& group : c.networks.groups) {
    if (std::ranges::find(l.groups, group.name) != l.groups.end()) {
      out.add("group-" + group.name, set_of(group.networks), group.source);
    }
  }
  std::size_t number = 0;
  for (const auto& e : l.exceptions) {
    ++number;
    if (now < e.until) out.add(fmt::format("exception-{}", number), set_of(e.networks), e.reason, e.until);
  }
  return std::move(out.all);
}

std::uint16_t https_port_of(std::string_view url) {
  const std::size_t begin = url.find("://");
  if (begin == std::string_view::npos) return 443;
  const std::string_view authority = url.substr(begin + 3, url.find('/', begin + 3) - (begin + 3));
  const std::size_t colon = authority.rfind(':');
  std::uint16_t port = 0;
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos)
    std::from_chars(authority.data() + colon + 1, authority.data() + authority.size(), port);
  return port == 0 ? 443 : port;
}

void egress_of(const config::Config& c, Intent& out) {
  const auto anywhere = AddressSet::all();
  AddressSet servers;
  for (const Endpoint& server : c.dns.servers) {
    if (server.port == 53) servers = servers | AddressSet::of(number_of(server.address));
    if (server.port != 53)
      out.egress.push_back({"dns", server.port, true, true, AddressSet::of(number_of(server.address))});
  }
  if (c.dns.servers.empty() || !servers.empty())
    out.egress.push_back({"dns", 53, true, true, c.dns.servers.empty() ? anywhere : servers});
  if (const auto& host = c.mailflow.smart_host) {
    const auto address = IpAddress::parse(host->host);
    out.egress.push_back(
        {"smart-host", host->port, false, true, address ? AddressSet::of(number_of(*address)) : anywhere});
  } else {
    out.egress.push_back({"smtp", 25, false, true, anywhere});
  }
  if (c.acme.on()) {
    out.egress.push_back({"acme", https_port_of(c.acme.directory), false, true, anywhere});
    if (const auto& server = c.acme.dns_server)
      out.egress.push_back({"dns-update", server->port, true, true, AddressSet::of(number_of(server->address))});
    for (const Endpoint& server : c.acme.dns_check)
      out.egress.push_back({"dns-check", server.port, true, true, AddressSet::of(number_of(server.address))});
  }
  for (const auto& one : c.outside_directories) {
    for (const auto& server : one.servers) {
      const auto address = IpAddress::parse(server.host);
      out.egress.push_back({fmt::format("outside-{}", one.name), server.port, false, true,
                            address ? AddressSet::of(number_of(*address)) : anywhere});
    }
  }
  for (const config::OauthProvider& one : c.oauth.providers) {
    for (const std::string& url : {one.issuer, one.discovery, one.jwks, one.introspection}) {
      const EgressIntent intent{"oauth", https_port_of(url), false, true, anywhere};
      if (!url.empty() && std::ranges::find(out.egress, intent) == out.egress.end()) out.egress.push_back(intent);
    }
  }
  for (const std::uint16_t port : c.gate.egress_ports) {
    out.egress.push_back({fmt::format("port-{}", port), port, false, true, anywhere});
  }
}

void write(std::string& out, const AddressSet& set) {
  for (const auto& i : set.intervals()) {
    out += fmt::format("{}-{},", address_of(i.lo).to_string(), address_of(i.hi).to_string());
  }
  out += ';';
}

bool takes_passwords(const PortPolicy& p) {
  return p.speaks == config::Service::submission || p.speaks == config::Service::imap ||
         p.speaks == config::Service::pop3 || p.speaks == config::Service::https || p.speaks == config::Service::ldap;
}

}  // namespace

AddressSet PortPolicy::admitted() const {
  AddressSet out;
  for (const Source& s : sources) out = out | s.addresses;
  return out;
}

std::vector<PortPolicy> port_policies(const config::Config& c, const std::optional<std::vector<BoundSocket>>& bound,
                                      TimePoint now) {
  std::vector<PortPolicy> out;
  for (const config::Listener& l : c.listeners) {
    PortPolicy p;
    p.service = l.name;
    p.speaks = l.service;
    p.port = l.port;
    p.tls = l.tls;
    p.audience = l.audience;
    std::vector<IpAddress> addresses;
    if (bound) {
      for (const BoundSocket& socket : *bound) {
        if (socket.listener != l.name) continue;
        p.listening = true;
        p.port = socket.at.port;
        addresses.push_back(socket.at.address);
      }
      // A socket at :: that takes IPv4 too is one socket; the configuration knows that both were wanted.
      const auto has = [](const auto& all, const IpAddress& a) { return std::ranges::find(all, a) != all.end(); };
      if (has(addresses, IpAddress{}) && has(l.addresses, IpAddress::v4(0))) addresses.push_back(IpAddress::v4(0));
    } else if (l.audience != config::Audience::off) {
      addresses = l.addresses;
    }
    p.destinations = destinations_of(addresses);
    p.sources = sources_of(c, l, now);
    p.per_minute = l.connections_per_minute != 0 ? l.connections_per_minute : c.limits.connections_per_minute;
    p.max_connections = l.max_connections;
    p.log = l.log;
    p.reason = l.reason;
    p.owner = l.owner;
    p.review_by = l.review_by;
    out.push_back(std::move(p));
  }
  std::ranges::sort(out, {}, [](const PortPolicy& p) { return std::pair(p.port, p.service); });
  return out;
}

std::vector<Finding> findings(const config::Config& c, const std::vector<PortPolicy>& policies, TimePoint now) {
  std::vector<Finding> out;
  for (const PortPolicy& p : policies) {
    if (p.audience == config::Audience::off) {
      if (p.listening)
        out.push_back({p.service, "it is off in the file, but the daemon still listens", "Restart the daemon."});
      continue;
    }
    if (p.reason.empty())
      out.push_back({p.service, "nobody wrote down why it is open",
                     fmt::format("Write [listener.{}] reason = \"...\".", p.service)});
    if (p.tls == config::TlsMode::none && takes_passwords(p) && p.admitted().contains(all_v4()))
      out.push_back(
          {p.service, "passwords travel in clear, and the whole internet may connect", "Give it TLS, or an audience."});
    if (p.review_by != TimePoint{} && p.review_by <= now)
      out.push_back({p.service,
                     fmt::format("its review was due by {}{}", date::format_rfc3339(p.review_by).substr(0, 10),
                                 p.owner.empty() ? "" : ", by " + p.owner),
                     "Ask whether it is still needed, and write a new review_by."});
  }
  for (std::size_t i = 0; i < c.gate.exceptions.size(); ++i) {
    const auto& e = c.gate.exceptions[i];
    if (now >= e.until)
      out.push_back(
          {e.listener,
           fmt::format("the exception \"{}\" ended at {}", e.reason, date::format_rfc3339(e.until).substr(0, 16)),
           "Take its [[gate.exception]] out of the file."});
  }
  return out;
}

Intent intent_of(const config::Config& c, const std::vector<PortPolicy>& policies) {
  Intent out;
  out.scope = c.gate.scope;
  for (const PortPolicy& p : policies) {
    if (p.audience == config::Audience::off || p.destinations.empty()) continue;
    PortIntent one{p.service, p.port, p.destinations, {}, p.per_minute, p.max_connections, p.log, p.reason};
    for (const Source& s : p.sources) one.openings.push_back({s.why, s.addresses, s.until});
    out.ports.push_back(std::move(one));
  }
  if (c.gate.scope == config::Gate::Scope::host) {
    out.management_ports = c.gate.management_ports;
    out.management = set_of(c.networks.admin);
  }
  out.log_group = c.gate.log_group;
  if (c.gate.egress && !c.server.user.empty()) {
    out.egress_user = c.server.user;
    egress_of(c, out);
  }
  return out;
}

std::string Intent::hash() const {
  std::string text = fmt::format("1 {} {} {} ", static_cast<int>(scope), log_group, egress_user);
  for (const PortIntent& p : ports) {
    text += fmt::format("{} {} {} {} {} ", p.service, p.port, p.per_minute, p.max_connections, static_cast<int>(p.log));
    write(text, p.destinations);
    for (const Opening& o : p.openings) {
      text += fmt::format("{} {} ", o.why, o.until.time_since_epoch().count());
      write(text, o.sources);
    }
  }
  for (const std::uint16_t port : management_ports) text += fmt::format("m{} ", port);
  write(text, management);
  for (const EgressIntent& e : egress) {
    text += fmt::format("{} {} {} {} ", e.purpose, e.port, e.udp, e.tcp);
    write(text, e.to);
  }
  const Sha256Value digest = sha256(text);
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) out += fmt::format("{:02x}", digest[i]);
  return out;
}

}  // namespace gatepost::gate
