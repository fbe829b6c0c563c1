#include "discovery/discovery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "discovery/apple_profile.hpp"
#include "discovery/dns_records.hpp"
#include "discovery/pox.hpp"
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
      : discovery(*directory,
                  {.hostname = "mail.example.org", .services = [](const IpAddress&) { return kServices; }}) {
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
  Discovery discovery;
};

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
  EXPECT_EQ(find(dns_records("example.org", "m", {}, 0), "autodiscover.example.org."), "");
}

}  // namespace
}  // namespace gatepost::discovery
