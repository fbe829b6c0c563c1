#include "discovery/pox.hpp"

#include <chrono>
#include <iterator>

#include <fmt/format.h>
#include <pugixml.hpp>
#include "discovery/xml.hpp"

namespace gatepost::discovery {
namespace {

constexpr std::string_view kOutlook = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a";
constexpr std::string_view kMobile =
    "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006";
constexpr std::string_view kFrame = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006";
constexpr std::size_t kMaxAddress = 320;

void append_protocol(std::string& out, const MailService& service, std::string_view address) {
  const std::string_view type = service.kind == Kind::imap ? "IMAP" : service.kind == Kind::pop3 ? "POP3" : "SMTP";
  fmt::format_to(std::back_inserter(out),
                 "      <Protocol>\n        <Type>{}</Type>\n        <Server>{}</Server>\n        <Port>{}</Port>\n"
                 "        <LoginName>{}</LoginName>\n        <DomainRequired>off</DomainRequired>\n"
                 "        <SPA>off</SPA>\n        <SSL>on</SSL>\n        <Encryption>{}</Encryption>\n"
                 "        <AuthRequired>on</AuthRequired>\n",
                 type, xml_escaped(service.host), service.port, xml_escaped(address),
                 service.tls == Tls::implicit ? "SSL" : "TLS");
  if (service.kind == Kind::submission)
    out += "        <UsePOPAuth>off</UsePOPAuth>\n        <SMTPLast>off</SMTPLast>\n";
  out += "      </Protocol>\n";
}

}  // namespace

Result<PoxRequest> parse_pox(std::string_view text) {
  pugi::xml_document document;
  GP_CHECK(load_xml(document, text, kMaxPoxOctets));
  const pugi::xml_node request = child(child(document, "Autodiscover"), "Request");
  PoxRequest out;
  const std::string_view address = text_of(child(request, "EMailAddress"));
  const std::string_view schema = text_of(child(request, "AcceptableResponseSchema"));
  if (schema.empty() || address.size() > kMaxAddress) return fail(Errc::invalid, "no response schema");
  if (address.empty() && text_of(child(request, "LegacyDN")).empty()) return fail(Errc::invalid, "no address");
  out.address = address;
  out.schema = schema == kOutlook ? Schema::outlook : schema == kMobile ? Schema::mobilesync : Schema::other;
  return out;
}

std::string write_pox(const MailServices& services, std::string_view address) {
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Autodiscover xmlns=\"{}\">\n  <Response xmlns=\"{}\">\n"
      "    <Account>\n      <AccountType>email</AccountType>\n      <Action>settings</Action>\n",
      kFrame, kOutlook);
  // One of each kind, as clients take the first and stumble over others.
  for (const Kind kind : {Kind::imap, Kind::pop3, Kind::submission}) {
    if (const MailService* const service = best(services, kind)) append_protocol(out, *service, address);
  }
  out += "    </Account>\n  </Response>\n</Autodiscover>\n";
  return out;
}

std::string write_pox_error(PoxError error, TimePoint now) {
  std::string_view words = "Invalid Request";
  if (error == PoxError::no_provider) words = "Provider is not available";
  if (error == PoxError::unknown_address) words = "The email address can't be found.";
  // [MS-ASCMD] 2.2.3.63: hours ":" minutes ":" seconds "." 7 digits
  const auto since = now - std::chrono::floor<std::chrono::days>(now);
  const std::chrono::hh_mm_ss time(std::chrono::duration_cast<std::chrono::microseconds>(since));
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Autodiscover xmlns=\"{}\">\n  <Response>\n"
      "    <Error Time=\"{:02}:{:02}:{:02}.{:06}0\" Id=\"0\">\n      <ErrorCode>{}</ErrorCode>\n"
      "      <Message>{}</Message>\n      <DebugData />\n    </Error>\n  </Response>\n</Autodiscover>\n",
      kFrame, time.hours().count(), time.minutes().count(), time.seconds().count(), time.subseconds().count(),
      static_cast<unsigned>(error), words);
}

}  // namespace gatepost::discovery
