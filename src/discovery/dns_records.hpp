#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "discovery/mail_services.hpp"

namespace gatepost::discovery {

struct DnsRecord {
  std::string name;   // "_imaps._tcp.example.org."
  std::string type;   // "SRV"
  std::string value;  // "0 1 993 mail.example.org."
  std::string why;    // one sentence
};

// What a domain's administrator publishes so that mail arrives and programs find the server: MX, the SRV records of
// RFC 6186 3 and RFC 8314 5.1 (with a target of "." for what is not offered, RFC 2782), autodiscover and autoconfig.
// `https`: the port of the web, 0: none.
std::vector<DnsRecord> dns_records(std::string_view domain, std::string_view hostname, const MailServices& services,
                                   std::uint16_t https);

}  // namespace gatepost::discovery
