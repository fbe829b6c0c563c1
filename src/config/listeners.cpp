#include "config/listeners.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace gatepost::config {
namespace {

constexpr std::array<std::pair<Service, std::string_view>, 8> kServiceNames = {{{Service::smtp, "smtp"},
                                                                                {Service::submission, "submission"},
                                                                                {Service::imap, "imap"},
                                                                                {Service::pop3, "pop3"},
                                                                                {Service::http, "http"},
                                                                                {Service::https, "https"},
                                                                                {Service::ldap, "ldap"},
                                                                                {Service::metrics, "metrics"}}};
constexpr std::array<std::pair<TlsMode, std::string_view>, 3> kTlsModeNames = {
    {{TlsMode::none, "none"}, {TlsMode::starttls, "starttls"}, {TlsMode::implicit, "implicit"}}};
constexpr std::array<std::pair<Audience, std::string_view>, 6> kAudienceNames = {{{Audience::internet, "internet"},
                                                                                  {Audience::trusted, "trusted"},
                                                                                  {Audience::vpn, "vpn"},
                                                                                  {Audience::admin, "admin"},
                                                                                  {Audience::named, "named"},
                                                                                  {Audience::off, "off"}}};
constexpr std::array<std::pair<GateLog, std::string_view>, 3> kGateLogNames = {
    {{GateLog::drops, "drops"}, {GateLog::all, "all"}, {GateLog::none, "none"}}};

template <class E, std::size_t N>
std::string_view word_of(const std::array<std::pair<E, std::string_view>, N>& words, E value) {
  for (const auto& [e, word] : words) {
    if (e == value) return word;
  }
  return "?";
}

template <class E, std::size_t N>
std::optional<E> value_of(const std::array<std::pair<E, std::string_view>, N>& words, std::string_view wanted) {
  for (const auto& [e, word] : words) {
    if (word == wanted) return e;
  }
  return std::nullopt;
}

Listener make(std::string name, Service service, std::uint16_t port, TlsMode tls, std::string reason) {
  Listener listener;
  listener.name = std::move(name);
  listener.service = service;
  listener.port = port;
  listener.tls = tls;
  listener.reason = std::move(reason);
  return listener;
}

}  // namespace

std::string_view to_string(Service s) { return word_of(kServiceNames, s); }
std::string_view to_string(TlsMode m) { return word_of(kTlsModeNames, m); }
std::string_view to_string(Audience a) { return word_of(kAudienceNames, a); }
std::string_view to_string(GateLog l) { return word_of(kGateLogNames, l); }
std::optional<Service> service_named(std::string_view word) { return value_of(kServiceNames, word); }
std::optional<TlsMode> tls_mode_named(std::string_view word) { return value_of(kTlsModeNames, word); }
std::optional<Audience> audience_named(std::string_view word) { return value_of(kAudienceNames, word); }

std::vector<Endpoint> Listener::endpoints() const {
  std::vector<Endpoint> out;
  if (audience == Audience::off) return out;
  for (const IpAddress& address : addresses) out.push_back({address, port});
  return out;
}

std::vector<Network> admitted_networks(const Listener& listener, const Networks& networks) {
  std::vector<Network> out;
  switch (listener.audience) {
    case Audience::internet:
    case Audience::off:
      return out;
    case Audience::trusted:
      out = networks.trusted;
      break;
    case Audience::vpn:
      out = networks.vpn;
      break;
    case Audience::admin:
      out = networks.admin;
      break;
    case Audience::named:
      break;
  }
  out.insert(out.end(), listener.networks.begin(), listener.networks.end());
  for (const NetworkGroup& group : networks.groups) {
    if (std::ranges::find(listener.groups, group.name) == listener.groups.end()) continue;
    out.insert(out.end(), group.networks.begin(), group.networks.end());
  }
  return out;
}

bool admits(const Listener& listener, const Networks& networks, const IpAddress& peer, TimePoint now) {
  const auto in_groups = [&] {
    return std::ranges::any_of(networks.groups, [&](const NetworkGroup& group) {
      return std::ranges::find(listener.groups, group.name) != listener.groups.end() && contains(group.networks, peer);
    });
  };
  const auto in_exceptions = [&] {
    return std::ranges::any_of(listener.exceptions,
                               [&](const Exception& e) { return now < e.until && contains(e.networks, peer); });
  };
  const auto in_audience = [&] {
    switch (listener.audience) {
      case Audience::trusted:
        return contains(networks.trusted, peer);
      case Audience::vpn:
        return contains(networks.vpn, peer);
      case Audience::admin:
        return contains(networks.admin, peer);
      default:
        return false;
    }
  };
  if (listener.audience == Audience::internet) return true;
  if (listener.audience == Audience::off) return false;
  return in_audience() || contains(listener.networks, peer) || in_groups() || in_exceptions();
}

std::vector<Listener> default_listeners() {
  std::vector<Listener> out;
  out.push_back(make("smtp", Service::smtp, 25, TlsMode::starttls, "Mail from other servers arrives here."));
  out.push_back(make("submission", Service::submission, 587, TlsMode::starttls,
                     "Mail programs and devices that upgrade to TLS send here, after signing in."));
  out.push_back(make("submissions", Service::submission, 465, TlsMode::implicit,
                     "Mail programs send here, with TLS from the start (RFC 8314 3.3)."));
  out.push_back(make("imap", Service::imap, 143, TlsMode::starttls,
                     "Mail programs that upgrade to TLS read here; nobody signs in before the upgrade."));
  out.push_back(
      make("imaps", Service::imap, 993, TlsMode::implicit, "Mail programs read here, with TLS from the start."));
  out.push_back(make("pop3", Service::pop3, 110, TlsMode::starttls,
                     "Older programs that upgrade to TLS fetch mail here; nobody signs in before the upgrade."));
  out.push_back(
      make("pop3s", Service::pop3, 995, TlsMode::implicit, "Older programs fetch mail here, with TLS from the start."));
  out.push_back(make("http", Service::http, 80, TlsMode::none,
                     "Browsers are sent on to https; certificate authorities find their proofs here."));
  out.push_back(make("https", Service::https, 443, TlsMode::implicit, "Web pages, set-up of mail programs, with TLS."));
  // A directory tells strangers who is there.
  for (Listener directory :
       {make("ldap", Service::ldap, 389, TlsMode::starttls,
             "Devices that upgrade to TLS look people up here, after signing in."),
        make("ldaps", Service::ldap, 636, TlsMode::implicit,
             "Printers, phones and address books look people up here, with TLS from the start.")}) {
    directory.audience = Audience::trusted;
    out.push_back(std::move(directory));
  }
  Listener metrics =
      make("metrics", Service::metrics, 9464, TlsMode::none, "Monitoring reads the daemon's numbers here.");
  metrics.audience = Audience::admin;
  metrics.addresses = {*IpAddress::parse("127.0.0.1")};
  out.push_back(std::move(metrics));
  return out;
}

}  // namespace gatepost::config
