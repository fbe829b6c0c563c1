#include "discovery/pox.hpp"

#include <chrono>
#include <iterator>

#include <fmt/format.h>
#include <pugixml.hpp>

#include "base/ascii.hpp"

namespace gatepost::discovery {
namespace {

constexpr std::string_view kOutlook = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a";
constexpr std::string_view kMobile =
    "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006";
constexpr std::string_view kFrame = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006";
constexpr int kMaxDepth = 16;
constexpr std::size_t kMaxAddress = 320;

// The name without its prefix: programs differ in those.
std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child(const pugi::xml_node& parent, std::string_view name) {
  for (const pugi::xml_node& node : parent.children()) {
    if (local_name(node) == name) return node;
  }
  return {};
}

std::string_view text_of(const pugi::xml_node& node) { return ascii::trim(node.text().get()); }

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
  if (text.size() > kMaxPoxOctets) return fail(Errc::too_large, "the request");
  // pugixml expands no entity but XML's own five; a document type is refused all the same.
  if (ascii::ifind(text, "<!doctype") != std::string_view::npos) return fail(Errc::invalid, "a document type");
  pugi::xml_document document;
  if (!document.load_buffer(text.data(), text.size(), pugi::parse_default)) return fail(Errc::invalid, "no XML");
  struct Depth final : pugi::xml_tree_walker {
    bool for_each(pugi::xml_node&) override { return depth() < kMaxDepth; }
  } shallow;
  if (!document.traverse(shallow)) return fail(Errc::invalid, "too deep");
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
