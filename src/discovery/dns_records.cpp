#include "discovery/dns_records.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "discovery/pacc.hpp"

namespace gatepost::discovery {
namespace {

struct Label {
  Kind kind;
  Tls tls;
  std::string_view service, why;
};
// RFC 6186 3.1 to 3.3; RFC 8314 5.1 adds _submissions.
constexpr Label kLabels[] = {
    {Kind::submission, Tls::implicit, "_submissions", "Mail programs find where to send, with TLS from the start."},
    {Kind::submission, Tls::starttls, "_submission", "Mail programs find where to send, with STARTTLS."},
    {Kind::imap, Tls::implicit, "_imaps", "Mail programs find IMAP, with TLS from the start."},
    {Kind::imap, Tls::starttls, "_imap", "Mail programs find IMAP, with STARTTLS."},
    {Kind::pop3, Tls::implicit, "_pop3s", "Older programs find POP3, with TLS from the start."},
    {Kind::pop3, Tls::starttls, "_pop3", "Older programs find POP3, with STLS."},
};

}  // namespace

std::vector<DnsRecord> dns_records(std::string_view domain, std::string_view hostname, const MailServices& services,
                                   std::uint16_t https) {
  std::vector<DnsRecord> out;
  const std::string host = std::string(hostname) + ".", zone = std::string(domain) + ".";
  out.push_back({zone, "MX", "10 " + host, "Mail of other servers arrives here."});
  for (const Label& label : kLabels) {
    const auto found = std::ranges::find_if(
        services, [&](const MailService& s) { return s.kind == label.kind && s.tls == label.tls; });
    const std::string name = fmt::format("{}._tcp.{}", label.service, zone);
    // Implicit TLS is preferred (RFC 8314 3): the lower number comes first.
    const int priority = label.tls == Tls::implicit ? 0 : 10;
    if (found != services.end()) {
      out.push_back(
          {name, "SRV", fmt::format("{} 1 {} {}.", priority, found->port, found->host), std::string(label.why)});
    } else {
      out.push_back({name, "SRV", "0 0 0 .", "Not offered here: programs need not try."});
    }
  }
  if (https == 0) return out;
  if (https == 443) {
    out.push_back({"autodiscover." + zone, "CNAME", host, "Outlook and phones find the server."});
    out.push_back({"autoconfig." + zone, "CNAME", host, "Thunderbird and others find the server."});
  }
  // RFC 8620 2.2
  out.push_back({"_jmap._tcp." + zone, "SRV", fmt::format("0 1 {} {}", https, host), "Programs find JMAP."});
  // [MS-OXDSCLI] 3.1.5.4: works with a certificate for the host name alone.
  out.push_back({"_autodiscover._tcp." + zone, "SRV", fmt::format("0 0 {} {}", https, host),
                 "Outlook finds the server without a certificate for autodiscover." + std::string(domain) + "."});
  if (const std::string document = write_pacc(domain, hostname, services, https); https == 443 && !document.empty()) {
    out.push_back({std::string(kPaccHost) + zone, "CNAME", host, "Programs find one document about all of it (PACC)."});
    out.push_back({"_ua-auto-config." + zone, "TXT", fmt::format("\"{}\"", pacc_digest(document)),
                   "They believe that document by this; it is another one when listeners change."});
  }
  return out;
}

}  // namespace gatepost::discovery
