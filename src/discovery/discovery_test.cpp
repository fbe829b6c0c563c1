#include "discovery/discovery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "discovery/apple_profile.hpp"
#include "discovery/dns_records.hpp"
#include "discovery/pacc.hpp"
#include "discovery/pox.hpp"
#include "discovery/soap.hpp"
#include "http/server/test_support.hpp"
#include "runtime/test_certificates.hpp"

namespace gatepost::discovery {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const MailServices kServices = {{Kind::imap, Tls::implicit, "mail.example.org", 993},
                                {Kind::imap, Tls::starttls, "mail.example.org", 143},
                                {Kind::submission, Tls::implicit, "mail.example.org", 465}};

std::string pox_request(std::string_view address, std::string_view kind = "outlook",
                        std::string_view version = "2006a") {
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?><Autodiscover "
      "xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/{}/requestschema/2006\"><Request><EMailAddress>{}"
      "</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/{}/responseschema/{}"
      "</AcceptableResponseSchema></Request></Autodiscover>",
      kind, address, kind, version);
}

struct Site : http::server::World {
  Site()
      : discovery(*directory, {.hostname = "mail.example.org",
                               .services = [](const IpAddress&) { return kServices; },
                               .for_strangers = kServices,
                               .https_for_strangers = 443,
                               .webmail = "https://mail.example.org/"}) {
    discovery.add_routes(router);
  }
  std::string get(const std::string& target, const std::string& host = "mail.example.org") {
    return talk(*this, "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
  }
  std::string post(const std::string& content) {
    return talk(*this,
                "POST /Autodiscover/Autodiscover.xml HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " +
                    std::to_string(content.size()) + "\r\n\r\n" + content);
  }
  std::string soap(const std::string& content, const std::string& authorization) {
    return talk(*this, "POST /autodiscover/autodiscover.svc HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" +
                           authorization + "Content-Type: text/xml\r\nContent-Length: " +
                           std::to_string(content.size()) + "\r\n\r\n" + content);
  }
  Discovery discovery;
};

// What the EWS managed API sends.
std::string soap_request(std::string_view mailbox, std::string_view settings) {
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope "
      "xmlns:a=\"http://schemas.microsoft.com/exchange/2010/Autodiscover\" "
      "xmlns:wsa=\"http://www.w3.org/2005/08/addressing\" xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\">"
      "<soap:Header><a:RequestedServerVersion>Exchange2013</a:RequestedServerVersion>"
      "<wsa:Action>http://schemas.microsoft.com/exchange/2010/Autodiscover/Autodiscover/GetUserSettings</wsa:Action>"
      "<wsa:MessageID>urn:uuid:7</wsa:MessageID></soap:Header><soap:Body><a:GetUserSettingsRequestMessage><a:Request>"
      "<a:Users><a:User><a:Mailbox>{}</a:Mailbox></a:User></a:Users><a:RequestedSettings>{}</a:RequestedSettings>"
      "</a:Request></a:GetUserSettingsRequestMessage></soap:Body></soap:Envelope>",
      mailbox, settings);
}

TEST(Pox, ReadsWhatProgramsSend) {
  const auto request = parse_pox(pox_request("anna@example.org"));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->address, "anna@example.org");
  EXPECT_EQ(request->schema, Schema::outlook);
  EXPECT_EQ(parse_pox(pox_request("a@b", "mobilesync", "2006"))->schema, Schema::mobilesync);
  EXPECT_EQ(parse_pox(pox_request("a@b", "other"))->schema, Schema::other);
  EXPECT_EQ(parse_pox("<x:Autodiscover xmlns:x='y'><x:Request><x:EMailAddress> a&amp;b@c </x:EMailAddress>"
                      "<x:AcceptableResponseSchema>z</x:AcceptableResponseSchema></x:Request></x:Autodiscover>")
                ->address,
            "a&b@c");
}

TEST(Pox, RefusesWhatTriesToBeMore) {
  EXPECT_FALSE(parse_pox(""));
  EXPECT_FALSE(parse_pox("hello"));
  EXPECT_FALSE(parse_pox("<Autodiscover><Request/></Autodiscover>"));
  EXPECT_FALSE(parse_pox("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" + pox_request("&x;")));
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "<a>";
  EXPECT_FALSE(parse_pox(deep));
  EXPECT_FALSE(parse_pox(std::string(kMaxPoxOctets + 1, ' ')));
}

TEST(Discovery, TellsOutlookWhereMailIs) {
  Site site;
  const std::string answer = site.post(pox_request("Anna@Example.ORG"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer,
              HasSubstr("<Type>IMAP</Type>\n        <Server>mail.example.org</Server>\n        <Port>993</Port>"));
  EXPECT_THAT(answer, HasSubstr("<LoginName>anna@example.org</LoginName>"));
  EXPECT_THAT(answer, HasSubstr("<Type>SMTP</Type>"));
  EXPECT_THAT(answer, HasSubstr("<Port>465</Port>"));
  EXPECT_THAT(answer, Not(HasSubstr("POP3")));
  EXPECT_THAT(answer, Not(HasSubstr("<Port>143</Port>")));
}

TEST(Discovery, NeverSaysWhoHasAnAccount) {
  Site site;
  const std::string one = site.post(pox_request("anna@example.org")),
                    other = site.post(pox_request("nnaa@example.org"));
  EXPECT_EQ(one.size(), other.size());
  EXPECT_THAT(site.post(pox_request("anna@elsewhere.example")), HasSubstr("<ErrorCode>500</ErrorCode>"));
}

TEST(Discovery, TellsPhonesThatThereIsNoActiveSync) {
  Site site;
  EXPECT_THAT(site.post(pox_request("anna@example.org", "mobilesync", "2006")),
              HasSubstr("<ErrorCode>601</ErrorCode>"));
  EXPECT_THAT(site.post("<a/>"), HasSubstr("<ErrorCode>600</ErrorCode>"));
  EXPECT_THAT(site.get("/autodiscover/autodiscover.xml"), HasSubstr("<ErrorCode>600</ErrorCode>"));
}

TEST(Discovery, PointsTheSecondKindToTheFirst) {
  Site site;
  const std::string base = "/autodiscover/autodiscover.json/v1.0/anna@example.org?Protocol=";
  EXPECT_THAT(
      site.get(base + "AutodiscoverV1"),
      EndsWith("{\"Protocol\":\"AutodiscoverV1\",\"Url\":\"https://mail.example.org/autodiscover/autodiscover.xml\"}"));
  EXPECT_THAT(site.get(base + "ActiveSync"), HasSubstr("InvalidProtocol"));
  EXPECT_THAT(site.get("/autodiscover/autodiscover.json?Email=a@b.example&Protocol=EWS"), HasSubstr("UserNotFound"));
}

TEST(Discovery, TellsThunderbird) {
  Site site;
  const std::string answer = site.get("/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=anna%40example.org");
  EXPECT_THAT(answer, HasSubstr("<emailProvider id=\"example.org\">"));
  EXPECT_THAT(answer, HasSubstr("<incomingServer type=\"imap\">\n      <hostname>mail.example.org</hostname>\n      "
                                "<port>993</port>\n      <socketType>SSL</socketType>"));
  EXPECT_THAT(answer, HasSubstr("<socketType>STARTTLS</socketType>"));
  EXPECT_THAT(site.get("/mail/config-v1.1.xml", "autoconfig.example.org"), HasSubstr("<domain>example.org</domain>"));
  EXPECT_THAT(site.get("/mail/config-v1.1.xml", "mail.example.org"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(site.get("/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=a@elsewhere.example"),
              StartsWith("HTTP/1.1 404 "));
}

TEST(Discovery, GivesApplesDevicesAProfile) {
  Site site;
  const std::string plain = site.get("/mobileconfig?email=anna@example.org");
  EXPECT_THAT(plain, HasSubstr("content-type: application/x-apple-aspen-config\r\n"));
  EXPECT_THAT(plain, HasSubstr("<key>IncomingMailServerPortNumber</key><integer>993</integer>"));
  EXPECT_THAT(plain, HasSubstr("<key>OutgoingMailServerPortNumber</key><integer>465</integer>"));
  EXPECT_EQ(plain, site.get("/mobileconfig?email=anna@example.org"));
  const runtime::TlsCertificate certificate = runtime::test::make_certificate({"mail.example.org"}, "RSA");
  site.discovery.set_certificate(certificate.chain_pem, certificate.key_pem);
  const std::string with = site.get("/mobileconfig?email=anna@example.org");
  const std::string body = with.substr(with.find("\r\n\r\n") + 4);
  EXPECT_EQ(body[0], '\x30');  // a DER SEQUENCE
  EXPECT_THAT(body, HasSubstr("IncomingMailServerHostName"));
  EXPECT_THAT(site.get("/mobileconfig?email=a@elsewhere.example"), StartsWith("HTTP/1.1 404 "));
}

TEST(Discovery, TellsTheSignedInBySoap) {
  Site site;
  const std::string by =
      fmt::format("Authorization: Basic {}\r\n",
                  base64::encode(fmt::format("{}:{}", http::server::kAnna, http::server::kPassword)));
  const std::string asked =
      soap_request("Anna@example.org",
                   "<a:Setting>UserDisplayName</a:Setting><a:Setting>ExternalImap4Connections</a:Setting>"
                   "<a:Setting>ExternalWebClientUrls</a:Setting><a:Setting>ExternalEwsUrl</a:Setting>");
  EXPECT_THAT(site.soap(asked, ""), StartsWith("HTTP/1.1 401 "));
  const std::string answer = site.soap(asked, by);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, HasSubstr("<a:RelatesTo>urn:uuid:7</a:RelatesTo>"));
  EXPECT_THAT(answer, HasSubstr("<Hostname>mail.example.org</Hostname><Port>993</Port>"));
  EXPECT_THAT(answer,
              HasSubstr("<EncryptionMethod>TLS</EncryptionMethod><Hostname>mail.example.org</Hostname><Port>143"));
  EXPECT_THAT(answer, HasSubstr("<Url>https://mail.example.org/</Url>"));
  // What is not served is said to be so.
  EXPECT_THAT(answer, HasSubstr("SettingIsNotAvailable</ErrorCode><ErrorMessage>This server has no such setting."
                                "</ErrorMessage><SettingName>ExternalEwsUrl"));
  EXPECT_THAT(site.soap(soap_request("ben@example.org", "<a:Setting>UserDisplayName</a:Setting>"), by),
              HasSubstr("<ErrorCode>InvalidUser</ErrorCode>"));
  EXPECT_THAT(site.soap("<Envelope><Body/></Envelope>", by), HasSubstr("<faultcode>s:Client</faultcode>"));
  EXPECT_THAT(site.soap("no XML", by), StartsWith("HTTP/1.1 500 "));
}

TEST(Soap, ReadsWhatProgramsSendAndNoMore) {
  const auto request = parse_soap(soap_request("a@b", "<a:Setting>X</a:Setting><a:Setting>Y</a:Setting>"));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->about, std::vector<std::string>{"a@b"});
  EXPECT_EQ(request->settings, (std::vector<std::string>{"X", "Y"}));
  EXPECT_EQ(parse_soap(soap_request("a@b", "")).error().code, Errc::invalid);
  std::string many;
  for (std::size_t i = 0; i <= kMaxSoapSettings; ++i) many += "<a:Setting>X</a:Setting>";
  EXPECT_EQ(parse_soap(soap_request("a@b", many)).error().code, Errc::invalid);
  EXPECT_EQ(parse_soap("<!DOCTYPE a><Envelope><Body><X/></Body></Envelope>").error().code, Errc::invalid);
  EXPECT_EQ(parse_soap("<e:Envelope xmlns:e='x'><e:Body><GetFederationInformation/></e:Body></e:Envelope>")->operation,
            SoapRequest::Operation::other);
  const auto domains = parse_soap(
      "<Envelope><Body><GetDomainSettingsRequestMessage><Request><Domains><Domain>example.org</Domain></Domains>"
      "<RequestedSettings><Setting>ExternalEwsUrl</Setting></RequestedSettings></Request>"
      "</GetDomainSettingsRequestMessage></Body></Envelope>");
  ASSERT_TRUE(domains);
  EXPECT_THAT(write_domain_settings(*domains, {true}), HasSubstr("<ErrorCode>SettingIsNotAvailable</ErrorCode>"));
  EXPECT_THAT(write_domain_settings(*domains, {false}), HasSubstr("<ErrorCode>InvalidDomain</ErrorCode>"));
}

TEST(Discovery, HasOneDocumentForEverybody) {
  Site site;
  const std::string answer = site.get(std::string(kPaccPath), "ua-auto-config.example.org");
  EXPECT_THAT(answer, HasSubstr("content-type: application/json\r\n"));
  const std::string document = answer.substr(answer.find("\r\n\r\n") + 4);
  EXPECT_EQ(
      document,
      R"({"protocols":{"jmap":{"url":"https://mail.example.org/.well-known/jmap"},"imap":{"host":"mail.example.org"},)"
      R"("smtp":{"host":"mail.example.org"}},"authentication":{"password":true},"info":{"provider":{"name":"example.org"}}})");
  EXPECT_EQ(document, write_pacc("example.org", "mail.example.org", kServices, 443));
  EXPECT_THAT(site.get(std::string(kPaccPath), "ua-auto-config.elsewhere.example"), StartsWith("HTTP/1.1 404 "));
  // It can name no other ports.
  EXPECT_EQ(write_pacc("example.org", "m", {{Kind::imap, Tls::implicit, "m", 10993}}, 10443), "");
}

TEST(MailServices, AreEscapedWhereTheyAreXml) {
  EXPECT_EQ(xml_escaped("a<b>&\"'\x01"), "a&lt;b&gt;&amp;&quot;&apos;");
  const auto profile = write_apple_profile(kServices, "\"<x>\"@example.org", "mail.example.org");
  ASSERT_TRUE(profile);
  EXPECT_THAT(*profile, Not(HasSubstr("<x>")));
  EXPECT_FALSE(write_apple_profile({}, "a@b", "h"));
  MailServices mixed = {{Kind::submission, Tls::starttls, "m", 587},
                        {Kind::imap, Tls::starttls, "m", 143},
                        {Kind::imap, Tls::implicit, "m", 993},
                        {Kind::imap, Tls::implicit, "m", 1993}};
  put_in_order(mixed);
  EXPECT_EQ(mixed, (MailServices{{Kind::imap, Tls::implicit, "m", 993},
                                 {Kind::imap, Tls::starttls, "m", 143},
                                 {Kind::submission, Tls::starttls, "m", 587}}));
}

TEST(DnsRecords, OfferWhatIsThereAndNothingElse) {
  const auto find = [](const std::vector<DnsRecord>& all, std::string_view name) {
    for (const DnsRecord& one : all) {
      if (one.name == name) return one.type + " " + one.value;
    }
    return std::string();
  };
  const auto all = dns_records("example.org", "mail.example.org", kServices, 443);
  EXPECT_EQ(find(all, "example.org."), "MX 10 mail.example.org.");
  EXPECT_EQ(find(all, "_imaps._tcp.example.org."), "SRV 0 1 993 mail.example.org.");
  EXPECT_EQ(find(all, "_imap._tcp.example.org."), "SRV 10 1 143 mail.example.org.");
  EXPECT_EQ(find(all, "_pop3s._tcp.example.org."), "SRV 0 0 0 .");
  EXPECT_EQ(find(all, "autodiscover.example.org."), "CNAME mail.example.org.");
  EXPECT_EQ(find(all, "_autodiscover._tcp.example.org."), "SRV 0 0 443 mail.example.org.");
  EXPECT_EQ(find(all, "_jmap._tcp.example.org."), "SRV 0 1 443 mail.example.org.");
  EXPECT_EQ(find(all, "ua-auto-config.example.org."), "CNAME mail.example.org.");
  EXPECT_EQ(find(all, "_ua-auto-config.example.org."),
            fmt::format("TXT \"{}\"", pacc_digest(write_pacc("example.org", "mail.example.org", kServices, 443))));
  EXPECT_EQ(find(dns_records("example.org", "m", {}, 0), "autodiscover.example.org."), "");
  EXPECT_EQ(find(dns_records("example.org", "m", kServices, 10443), "_ua-auto-config.example.org."), "");
}

}  // namespace
}  // namespace gatepost::discovery
