#include "discovery/autoconfig.hpp"

#include <iterator>

#include <fmt/format.h>

namespace gatepost::discovery {

std::string write_autoconfig(const MailServices& services, std::string_view domain) {
  const std::string name = xml_escaped(domain);
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<clientConfig version=\"1.1\">\n  <emailProvider id=\"{}\">\n"
      "    <domain>{}</domain>\n    <displayName>{}</displayName>\n    <displayShortName>{}</displayShortName>\n",
      name, name, name, name);
  for (const MailService& service : services) {
    const std::string_view element = service.kind == Kind::submission ? "outgoingServer" : "incomingServer";
    const std::string_view type = service.kind == Kind::imap ? "imap" : service.kind == Kind::pop3 ? "pop3" : "smtp";
    fmt::format_to(std::back_inserter(out),
                   "    <{} type=\"{}\">\n      <hostname>{}</hostname>\n      <port>{}</port>\n"
                   "      <socketType>{}</socketType>\n      <username>%EMAILADDRESS%</username>\n"
                   "      <authentication>password-cleartext</authentication>\n    </{}>\n",
                   element, type, xml_escaped(service.host), service.port,
                   service.tls == Tls::implicit ? "SSL" : "STARTTLS", element);
  }
  out += "  </emailProvider>\n</clientConfig>\n";
  return out;
}

}  // namespace gatepost::discovery
