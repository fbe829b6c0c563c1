#include "daemon/domain_check.hpp"

#include <algorithm>

#include <gmock/gmock.h>

#include "discovery/pacc.hpp"

namespace gatepost::daemon {
namespace {

using runtime::DnsAnswer;
using runtime::RecordType;
using testing::ElementsAre;
using testing::HasSubstr;
using State = DnsFinding::State;

class DomainCheck : public testing::Test {
 protected:
  DomainCheck() {
    domain.domain = "example.org";
    domain.hostname = "mail.example.org";
    domain.services = {{discovery::Kind::imap, discovery::Tls::implicit, "mail.example.org", 993}};
    domain.https = 443;
    domain.postmaster = "postmaster@example.org";
    dns.add_address("mail.example.org", "192.0.2.7");
  }
  DnsFinding of(std::string_view subject) {
    const auto all = check_domain(dns, domain);
    const auto at = std::ranges::find(all, subject, &DnsFinding::subject);
    EXPECT_NE(at, all.end()) << subject;
    return at == all.end() ? DnsFinding() : *at;
  }
  State state(std::string_view subject) { return of(subject).state; }
  runtime::StaticResolver dns;
  DomainToCheck domain;
};

TEST_F(DomainCheck, FindsAllGoodWhereAllIsSaid) {
  dns.add_mx("example.org", 10, "mail.example.org");
  dns.add_text("example.org", "v=spf1 mx -all");
  dns.add_text("_dmarc.example.org", "v=DMARC1; p=reject");
  dns.add_address("autodiscover.example.org", "192.0.2.7");
  dns.add_address("autoconfig.example.org", "192.0.2.7");
  // The last address that was added has its pointer's first name.
  dns.add("7.2.0.192.in-addr.arpa", RecordType::ptr, {.names = {"mail.example.org"}});
  dns.add("_imaps._tcp.example.org", RecordType::srv, {.srv = {{0, 1, 993, "mail.example.org"}}});
  dns.add("_autodiscover._tcp.example.org", RecordType::srv, {.srv = {{0, 0, 443, "mail.example.org"}}});
  dns.add("_jmap._tcp.example.org", RecordType::srv, {.srv = {{0, 1, 443, "mail.example.org"}}});
  dns.add_address("ua-auto-config.example.org", "192.0.2.7");
  dns.add("7.2.0.192.in-addr.arpa", RecordType::ptr, {.names = {"mail.example.org"}});
  dns.add_text("_ua-auto-config.example.org",
               discovery::pacc_digest(discovery::write_pacc("example.org", "mail.example.org", domain.services, 443)));
  for (const DnsFinding& one : check_domain(dns, domain)) {
    EXPECT_EQ(one.state, State::good) << one.subject << " " << one.why;
  }
  const auto reply = domain_reply(domain, check_domain(dns, domain));
  EXPECT_EQ(reply.exit_code, 0);
  EXPECT_THAT(reply.text, HasSubstr("good     MX: 10 mail.example.org."));
}

TEST_F(DomainCheck, SaysWhatToWriteWhereNothingIs) {
  EXPECT_EQ(state("MX"), State::missing);
  EXPECT_EQ(state("SPF"), State::missing);
  EXPECT_EQ(of("SPF").expected, "\"v=spf1 a:mail.example.org -all\"");
  EXPECT_EQ(state("DMARC"), State::missing);
  EXPECT_EQ(state("_imaps"), State::missing);
  EXPECT_EQ(state("_pop3s"), State::good);  // not offered, and nothing says so
  EXPECT_EQ(state("autoconfig"), State::missing);
  const auto reply = domain_reply(domain, check_domain(dns, domain));
  EXPECT_THAT(reply.text, HasSubstr("write: example.org. IN MX 10 mail.example.org."));
  EXPECT_THAT(reply.json, HasSubstr(R"("write":"_imaps._tcp.example.org. IN SRV 0 1 993 mail.example.org.")"));
}

TEST_F(DomainCheck, TellsWhatLeadsElsewhere) {
  dns.add_mx("example.org", 10, "mx.elsewhere.example");
  dns.add_text("example.org", "v=spf1 ip4:198.51.100.0/24 -all");
  dns.add_text("_dmarc.example.org", "hello");
  dns.add_address("autodiscover.example.org", "198.51.100.1");
  dns.add("7.2.0.192.in-addr.arpa", RecordType::ptr, {.names = {"pool-7.provider.example"}});
  dns.add_text("_ua-auto-config.example.org", "v=UAAC1; a=sha256; d=AAAA");
  dns.add("_imaps._tcp.example.org", RecordType::srv, {.srv = {{0, 1, 143, "mail.example.org"}}});
  for (const char* subject : {"MX", "SPF", "DMARC", "autodiscover", "PTR of 192.0.2.7", "_imaps", "_ua-auto-config"}) {
    EXPECT_EQ(state(subject), State::wrong) << subject;
  }
  EXPECT_THAT(of("MX").found, ElementsAre("10 mx.elsewhere.example."));
  EXPECT_THAT(of("PTR of 192.0.2.7").found, ElementsAre("pool-7.provider.example."));
}

TEST_F(DomainCheck, KnowsWhichPoliciesNameThisServer) {
  const auto with = [&](std::string_view policy) {
    dns.add("example.org", RecordType::txt, {.texts = {std::string(policy)}});
    return state("SPF");
  };
  EXPECT_EQ(with("v=spf1 ip4:192.0.2.0/24 ~all"), State::good);
  EXPECT_EQ(with("v=spf1 a:Mail.example.org -all"), State::good);
  EXPECT_EQ(with("v=spf1 include:_spf.elsewhere.example -all"), State::good);
  EXPECT_EQ(with("v=spf1 mx -all"), State::wrong);  // the MX is another one
  EXPECT_EQ(with("v=spf1 -ip4:192.0.2.7 -all"), State::wrong);
  EXPECT_EQ(with("v=spf10 +all"), State::missing);
  EXPECT_EQ(with("google-site-verification=x"), State::missing);
  dns.add("example.org", RecordType::txt, {.texts = {"v=spf1 a:mail.example.org", "v=spf1 -all"}});
  EXPECT_EQ(state("SPF"), State::wrong);
  EXPECT_THAT(of("SPF").why, HasSubstr("several"));
}

TEST_F(DomainCheck, AsksAboutTheAddressesThatMailLeavesFrom) {
  domain.sent_from = {*IpAddress::parse("198.51.100.9")};
  EXPECT_EQ(state("PTR of 198.51.100.9"), State::missing);
  domain.by_smart_host = true;
  const auto all = check_domain(dns, domain);
  EXPECT_TRUE(std::ranges::none_of(all, [](const DnsFinding& f) { return f.type == "PTR"; }));
  EXPECT_EQ(state("SPF"), State::missing);
  EXPECT_EQ(of("SPF").expected, "");
}

TEST_F(DomainCheck, SaysWhatCouldNotBeAsked) {
  dns.add_failure("example.org", RecordType::mx, Errc::timed_out);
  EXPECT_EQ(state("MX"), State::unknown);
  EXPECT_EQ(state("DMARC"), State::missing);
}

}  // namespace
}  // namespace gatepost::daemon
