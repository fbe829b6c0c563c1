#include "gate/probe/services.hpp"

#include <algorithm>

#include "gate/log/text.hpp"
#include "gate/probe/replies.hpp"

namespace gatepost::gate::probe {

namespace {

Service mail_exchange() {
  return {.name = "smtp",
          .port = 25,
          .protocol = Protocol::smtp,
          .tls = Tls::starttls,
          .expect = Expect::open,
          .relay_test = true};
}
Service users(std::string name, std::uint16_t port, Protocol protocol, Tls tls) {
  return {.name = std::move(name),
          .port = port,
          .protocol = protocol,
          .tls = tls,
          .users_sign_in = true,
          .required_tls = true};
}
Service web(std::string name, std::uint16_t port, Tls tls) {
  return {.name = std::move(name), .port = port, .protocol = Protocol::http, .tls = tls};
}
Service ldap(std::string name, std::uint16_t port, Tls tls, Expect expect, std::string why) {
  return {.name = std::move(name),
          .port = port,
          .protocol = Protocol::ldap,
          .tls = tls,
          .expect = expect,
          .why = std::move(why)};
}
Service internal(std::string name, std::uint16_t port, std::string why) {
  return {.name = std::move(name), .port = port, .expect = Expect::closed, .why = std::move(why)};
}

std::vector<Service> gatepost_profile() {
  const std::string directory = "a directory tells strangers who is there: open it to your own networks";
  return {mail_exchange(),
          users("submissions", 465, Protocol::smtp, Tls::implicit),
          users("submission", 587, Protocol::smtp, Tls::starttls),
          users("imap", 143, Protocol::imap, Tls::starttls),
          users("imaps", 993, Protocol::imap, Tls::implicit),
          users("pop3", 110, Protocol::pop3, Tls::starttls),
          users("pop3s", 995, Protocol::pop3, Tls::implicit),
          web("http", 80, Tls::none),
          web("https", 443, Tls::implicit),
          ldap("ldap", 389, Tls::starttls, Expect::either, directory),
          ldap("ldaps", 636, Tls::implicit, Expect::either, directory)};
}

// Sources: Microsoft's "Network ports for clients and mail flow in Exchange", "Receive connectors", "Edge
// Subscriptions"; the site bindings of the back end.
std::vector<Service> exchange_profile() {
  const std::string organisation =
      "for servers of the organisation only: close it in the firewall towards everybody else";
  const std::string controller = "a domain controller's: no host outside the organisation needs it";
  const std::string management = "for administrators: open it to their network or VPN only";
  std::vector<Service> out = {
      mail_exchange(),
      users("submission", 587, Protocol::smtp, Tls::starttls),
      {.name = "https", .port = 443, .protocol = Protocol::http, .tls = Tls::implicit, .expect = Expect::open},
      web("http", 80, Tls::none),
      users("imap", 143, Protocol::imap, Tls::starttls),
      users("imaps", 993, Protocol::imap, Tls::implicit),
      users("pop3", 110, Protocol::pop3, Tls::starttls),
      users("pop3s", 995, Protocol::pop3, Tls::implicit),
      internal("client-proxy", 465,
               "the hub end of proxied 587 sessions, not implicit TLS: clients that are pointed here fail; close it "
               "and use 587"),
      internal("mailbox-delivery", 475, organisation),
      internal("outbound-proxy", 717, organisation),
      internal("transport", 2525, organisation),
      internal("back-end-http", 81, organisation),
      internal("back-end-https", 444, organisation),
      internal("imap-back-end", 1993, organisation),
      internal("pop3-back-end", 1995, organisation),
      internal("imap-back-end-old", 9933, organisation),
      internal("pop3-back-end-old", 9955, organisation),
      internal("dag-replication", 64327, organisation),
      internal("cluster", 3343, organisation),
      internal("net-tcp", 808, organisation),
      internal("net-tcp-mailbox-move", 890, organisation),
      internal("edge-sync", 50636, "for the subscribed site's servers only"),
      internal("edge-directory", 50389, "plain LDAP of the edge server for itself alone"),
      internal("um-call-router", 5060, "unified messaging ended with Exchange 2019: for the telephone system only"),
      internal("um-call-router-tls", 5061, "unified messaging ended with Exchange 2019: for the telephone system only"),
      internal("dns", 53, controller),
      internal("kerberos", 88, controller),
      internal("rpc", 135, organisation),
      internal("smb", 445, organisation),
      internal("kerberos-password", 464, controller),
      internal("rdp", 3389, management),
      internal("winrm", 5985, management),
      internal("winrm-tls", 5986, management),
      ldap("ldap", 389, Tls::starttls, Expect::closed, controller),
      ldap("ldaps", 636, Tls::implicit, Expect::closed, controller),
      ldap("global-catalog", 3268, Tls::starttls, Expect::closed, controller),
      ldap("global-catalog-tls", 3269, Tls::implicit, Expect::closed, controller),
  };
  return out;
}

}  // namespace

std::optional<std::vector<Service>> profile(std::string_view name) {
  if (name == "gatepost") return gatepost_profile();
  if (name == "exchange" || name == "exchange2016" || name == "exchange2019") return exchange_profile();
  return std::nullopt;
}

std::optional<Service> service_named(std::string_view word) {
  const auto number = log::text::number(word, 65535);
  for (std::vector<Service> services : {gatepost_profile(), exchange_profile()}) {
    for (Service& service : services) {
      if (service.name == word || (number && service.port == *number)) {
        service.expect = Expect::either;
        return std::move(service);
      }
    }
  }
  if (!number || *number == 0) return std::nullopt;
  return Service{.name = std::string(word), .port = static_cast<std::uint16_t>(*number)};
}

Result<std::vector<Service>> services_for(std::string_view profile_name, const std::vector<std::string>& words) {
  auto of_profile = profile(profile_name);
  if (!of_profile)
    return fail(Errc::not_found, "there is no profile \"" + printable(profile_name, 40) + "\": gatepost, exchange");
  if (words.empty()) return *std::move(of_profile);
  std::vector<Service> out;
  for (const std::string& word : words) {
    auto service = service_named(word);
    if (!service) return fail(Errc::not_found, "there is no port \"" + printable(word, 40) + "\"");
    const auto known = std::ranges::find(*of_profile, service->port, &Service::port);
    if (known != of_profile->end()) service = *known;
    out.push_back(*std::move(service));
  }
  return out;
}

}  // namespace gatepost::gate::probe
