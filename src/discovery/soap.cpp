#include "discovery/soap.hpp"

#include <iterator>

#include <fmt/format.h>
#include <pugixml.hpp>

#include "discovery/xml.hpp"

namespace gatepost::discovery {
namespace {

constexpr std::string_view kNamespace = "http://schemas.microsoft.com/exchange/2010/Autodiscover";
constexpr std::string_view kEnvelope = "http://schemas.xmlsoap.org/soap/envelope/";
constexpr std::string_view kAddressing = "http://www.w3.org/2005/08/addressing";
constexpr std::string_view kInstance = "http://www.w3.org/2001/XMLSchema-instance";
constexpr std::size_t kMaxText = 320;

// The words of every list element below `parent` that is called `name`.
Result<std::vector<std::string>> list_of(const pugi::xml_node& parent, std::string_view name, std::size_t most) {
  std::vector<std::string> out;
  for (const pugi::xml_node& node : parent.children()) {
    if (local_name(node) != name) continue;
    const std::string_view text = text_of(local_name(node) == "User" ? child(node, "Mailbox") : node);
    if (text.size() > kMaxText || out.size() >= most) return fail(Errc::invalid, "more than is answered at once");
    out.emplace_back(text);
  }
  return out;
}

std::string envelope(const SoapRequest& request, std::string_view action, std::string_view body) {
  std::string relates;  // WS-Addressing 1.0 3.4
  if (!request.message_id.empty())
    relates = fmt::format("<a:RelatesTo>{}</a:RelatesTo>", xml_escaped(request.message_id));
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<s:Envelope xmlns:s=\"{}\" xmlns:a=\"{}\"><s:Header>"
      "<a:Action s:mustUnderstand=\"1\">{}/Autodiscover/{}Response</a:Action>{}</s:Header><s:Body>"
      "<{}ResponseMessage xmlns=\"{}\" xmlns:i=\"{}\"><Response><ErrorCode>NoError</ErrorCode><ErrorMessage />{}"
      "</Response></{}ResponseMessage></s:Body></s:Envelope>\n",
      kEnvelope, kAddressing, kNamespace, action, relates, action, kNamespace, kInstance, body, action);
}

std::string text_setting(std::string_view name, std::string_view value) {
  return fmt::format("<UserSetting i:type=\"StringSetting\"><Name>{}</Name><Value>{}</Value></UserSetting>", name,
                     xml_escaped(value));
}

std::string connections(std::string_view name, const MailServices& services, Kind kind) {
  std::string list;
  for (const MailService& service : services) {
    if (service.kind != kind) continue;
    fmt::format_to(std::back_inserter(list),
                   "<ProtocolConnection><EncryptionMethod>{}</EncryptionMethod><Hostname>{}</Hostname><Port>{}</Port>"
                   "</ProtocolConnection>",
                   service.tls == Tls::implicit ? "SSL" : "TLS", xml_escaped(service.host), service.port);
  }
  if (list.empty()) return {};
  return fmt::format(
      "<UserSetting i:type=\"ProtocolConnectionCollectionSetting\"><Name>{}</Name><ProtocolConnections>{}"
      "</ProtocolConnections></UserSetting>",
      name, list);
}

std::string web_client(std::string_view name, std::string_view url) {
  if (url.empty()) return {};
  return fmt::format(
      "<UserSetting i:type=\"WebClientUrlCollectionSetting\"><Name>{}</Name><WebClientUrls><WebClientUrl>"
      "<AuthenticationMethods>Fba</AuthenticationMethods><Url>{}</Url></WebClientUrl></WebClientUrls></UserSetting>",
      name, xml_escaped(url));
}

// Empty: this server has no such setting, or not for him. [MS-OXWSADISC] 2.2.5, the names.
std::string setting_of(std::string_view name, const SoapUser& user) {
  if (name == "UserDisplayName") return text_setting(name, user.display_name);
  if (name == "AutoDiscoverSMTPAddress") return text_setting(name, user.address);
  for (const std::string_view side : {"Internal", "External"}) {
    if (!name.starts_with(side)) continue;
    const std::string_view rest = name.substr(side.size());
    if (rest == "Imap4Connections") return connections(name, user.services, Kind::imap);
    if (rest == "Pop3Connections") return connections(name, user.services, Kind::pop3);
    if (rest == "SmtpConnections") return connections(name, user.services, Kind::submission);
    if (rest == "WebClientUrls") return web_client(name, user.webmail);
  }
  return {};
}

std::string error_of(std::string_view element, std::string_view code, std::string_view name) {
  return fmt::format(
      "<{}><ErrorCode>{}</ErrorCode><ErrorMessage>This server has no such setting.</ErrorMessage>"
      "<SettingName>{}</SettingName></{}>",
      element, code, xml_escaped(name), element);
}

std::string user_response(const SoapRequest& request, const std::optional<SoapUser>& user) {
  if (!user) {
    return "<UserResponse><ErrorCode>InvalidUser</ErrorCode><ErrorMessage>This is not the caller's mailbox."
           "</ErrorMessage><RedirectTarget i:nil=\"true\" /><UserSettingErrors /><UserSettings /></UserResponse>";
  }
  std::string errors, settings;
  for (const std::string& name : request.settings) {
    std::string setting = setting_of(name, *user);
    if (setting.empty()) {
      errors += error_of("UserSettingError", "SettingIsNotAvailable", name);
    } else {
      settings += setting;
    }
  }
  return fmt::format(
      "<UserResponse><ErrorCode>NoError</ErrorCode><ErrorMessage>No error.</ErrorMessage>"
      "<RedirectTarget i:nil=\"true\" /><UserSettingErrors>{}</UserSettingErrors><UserSettings>{}</UserSettings>"
      "</UserResponse>",
      errors, settings);
}

}  // namespace

Result<SoapRequest> parse_soap(std::string_view text) {
  pugi::xml_document document;
  GP_CHECK(load_xml(document, text, kMaxSoapOctets));
  const pugi::xml_node root = child(document, "Envelope"), body = child(root, "Body");
  pugi::xml_node message;
  for (const pugi::xml_node& node : body.children()) {
    if (node.type() == pugi::node_element && !message) message = node;
  }
  if (!message) return fail(Errc::invalid, "no SOAP message");
  SoapRequest out;
  const std::string_view id = text_of(child(child(root, "Header"), "MessageID"));
  if (id.size() <= kMaxText) out.message_id = id;
  const pugi::xml_node asked = child(message, "Request");
  if (local_name(message) == "GetUserSettingsRequestMessage") {
    out.operation = SoapRequest::Operation::user_settings;
    GP_TRY(out.about, list_of(child(asked, "Users"), "User", kMaxSoapUsers));
  } else if (local_name(message) == "GetDomainSettingsRequestMessage") {
    out.operation = SoapRequest::Operation::domain_settings;
    GP_TRY(out.about, list_of(child(asked, "Domains"), "Domain", kMaxSoapUsers));
  } else {
    return out;
  }
  GP_TRY(out.settings, list_of(child(asked, "RequestedSettings"), "Setting", kMaxSoapSettings));
  if (out.about.empty() || out.settings.empty()) return fail(Errc::invalid, "nothing is asked for");
  return out;
}

std::string write_user_settings(const SoapRequest& request, const std::vector<std::optional<SoapUser>>& users) {
  std::string body;
  for (const auto& user : users) body += user_response(request, user);
  return envelope(request, "GetUserSettings", fmt::format("<UserResponses>{}</UserResponses>", body));
}

std::string write_domain_settings(const SoapRequest& request, const std::vector<bool>& known) {
  std::string body;
  for (const bool one : known) {
    std::string errors;
    for (const std::string& name : request.settings)
      if (one) errors += error_of("DomainSettingError", "SettingIsNotAvailable", name);
    body += fmt::format(
        "<DomainResponse><ErrorCode>{}</ErrorCode><ErrorMessage>{}</ErrorMessage><DomainSettingErrors>{}"
        "</DomainSettingErrors><DomainSettings /><RedirectTarget i:nil=\"true\" /></DomainResponse>",
        one ? "NoError" : "InvalidDomain", one ? "No error." : "No such domain is served here.", errors);
  }
  return envelope(request, "GetDomainSettings", fmt::format("<DomainResponses>{}</DomainResponses>", body));
}

std::string write_soap_fault(std::string_view words) {
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<s:Envelope xmlns:s=\"{}\"><s:Body><s:Fault>"
      "<faultcode>s:Client</faultcode><faultstring>{}</faultstring></s:Fault></s:Body></s:Envelope>\n",
      kEnvelope, xml_escaped(words));
}

}  // namespace gatepost::discovery
