#include "gate/explain/explain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gate/explain/engine.hpp"
#include "gate/explain/probe_reader.hpp"

namespace gatepost::gate::explain {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const TimePoint kNow{std::chrono::seconds(1'794'186'724)};

// A server whose imaps is for the office, and somebody from elsewhere.
class ExplainTest : public testing::Test {
 protected:
  ExplainTest() {
    f.question.from = IpAddress::parse("203.0.113.9");
    f.question.port = 993;
    f.question.at = f.question.now = kNow;
    f.daemon_runs = true;
    f.policies = {policy()};
    f.sockets = {{IpAddress::v4(0), 993}, {IpAddress{}, 993}};
    f.sockets_known = true;
    f.served = {{IpAddress::v4(0), 993}, {IpAddress{}, 993}};
    f.peer.emplace();
    f.peer->since = kNow - 1h;
    fate(Fate::open, "inet gatepost", "gp:imaps:open");
    probe_from("this host", false, probe::PortState::open);
  }
  static PortPolicy policy() {
    PortPolicy p;
    p.service = "imaps";
    p.speaks = config::Service::imap;
    p.port = 993;
    p.tls = config::TlsMode::implicit;
    p.audience = config::Audience::trusted;
    p.listening = true;
    p.sources = {{"trusted", set_of(*Network::parse("10.20.0.0/16")), "", {}}};
    return p;
  }
  void everybody() { f.policies.front().sources = {{"internet", AddressSet::all(), "", {}}}; }
  void fate(Fate fate, std::string table, std::string comment, std::string chain = "input") {
    f.firewall.emplace();
    f.firewall->fate = fate;
    f.firewall->table = table;
    f.firewall->comment = comment;
    f.firewall->chain = std::move(chain);
    f.firewall->why = "rule \"" + comment + "\" of " + table;
  }
  void probe_from(std::string vantage, bool outside, probe::PortState state) {
    probe::PortReport report;
    report.at = {*IpAddress::parse("198.51.100.1"), 993};
    report.state = state;
    f.probes.push_back({std::move(vantage), outside, std::move(report)});
  }
  void denied(std::string rule, std::string reason = "", log::How how = log::How::drop) {
    watch::KeptEvent e;
    e.number = 1;
    e.arrived = kNow - 10s;
    e.verdict = log::Verdict::deny;
    e.how = how;
    e.source = {*f.question.from, true, !f.question.from->is_v4()};
    e.destination = {*IpAddress::parse("198.51.100.1"), true, false};
    e.source_port = 4000;
    e.destination_port = 993;
    e.rule = std::move(rule);
    e.reason = std::move(reason);
    f.events.push_back({"firewall events", e});
  }
  void note(notes::What what, std::string detail = "") {
    notes::Note n;
    n.first = n.last = kNow - 5s;
    n.remote = {*f.question.from, 4000};
    n.listener = "imaps";
    n.what = what;
    n.detail = std::move(detail);
    f.peer->notes.push_back(n);
  }
  Diagnosis first() {
    all = explain(f);
    return all.front();
  }
  void expect(std::string_view cause, Certainty certainty, Fault fault) {
    const Diagnosis d = first();
    EXPECT_EQ(d.cause, cause) << d.summary;
    EXPECT_EQ(d.certainty, certainty) << d.summary;
    EXPECT_EQ(d.fault, fault) << d.summary;
    EXPECT_FALSE(d.summary.empty());
    const Report said = report(f, all);
    EXPECT_EQ(said.exit_code, fault == Fault::nobody ? 0 : cause == "unknown" ? 2 : 1);
    EXPECT_THAT(said.json, HasSubstr(std::string("\"cause\":\"") + std::string(cause)));
  }
  Facts f;
  std::vector<Diagnosis> all;
};

TEST_F(ExplainTest, OwnRuleDropsWhoIsNotInTheAudience) {
  fate(Fate::dropped, "inet gatepost", "gp:imaps:default");
  denied("gatepost:imaps");
  expect("not_in_audience", Certainty::certain, Fault::policy);
  EXPECT_THAT(report(f, all).text, HasSubstr("10.20.0.0/16"));
  EXPECT_THAT(report(f, all).text, HasSubstr("[[gate.exception]]"));
}

TEST_F(ExplainTest, AnExceptionThatEndedIsNamed) {
  fate(Fate::dropped, "inet gatepost", "gp:imaps:default");
  f.expired = {{"imaps", "the contractor", kNow - 24h}};
  expect("exception_expired", Certainty::certain, Fault::policy);
  EXPECT_THAT(report(f, all).text, HasSubstr("the contractor"));
}

TEST_F(ExplainTest, ABanInTheFirewallIsNoMatterOfTheAudience) {
  fate(Fate::dropped, "inet gatepost", "gp:ban:ban-4");
  f.banned = true;
  f.ban_text = "10 distinct wrong passwords";
  expect("banned", Certainty::certain, Fault::policy);
  EXPECT_EQ(std::ranges::count(all, "banned", &Diagnosis::cause), 1);
}

TEST_F(ExplainTest, AServiceOfTheVpnSaysSo) {
  f.policies.front().audience = config::Audience::vpn;
  fate(Fate::dropped, "inet gatepost", "gp:imaps:default");
  expect("vpn_required", Certainty::certain, Fault::policy);
}

TEST_F(ExplainTest, APolicyWithoutIPv6NetworksIsToldFromOneWithout) {
  f.question.from = IpAddress::parse("2001:db8::9");
  fate(Fate::dropped, "inet gatepost", "gp:imaps:default");
  expect("no_ipv6_network", Certainty::certain, Fault::policy);
}

TEST_F(ExplainTest, RulesThatWereNotAppliedAreTheRulesFault) {
  everybody();
  fate(Fate::dropped, "inet gatepost", "gp:imaps:default");
  expect("rules_outdated", Certainty::certain, Fault::rules);
}

TEST_F(ExplainTest, AnotherTableIsNamedWithItsProduct) {
  everybody();
  fate(Fate::dropped, "inet firewalld", "");
  expect("other_table_drops", Certainty::certain, Fault::product);
  EXPECT_THAT(all.front().summary, HasSubstr("firewalld"));
  fate(Fate::refused, "ip filter", "", "ufw-user-input");
  expect("other_table_rejects", Certainty::certain, Fault::product);
  EXPECT_EQ(product_of("inet f2b-table", "f2b-chain"), "fail2ban");
}

TEST_F(ExplainTest, APublishedPortOfAContainerNeverReachesTheServer) {
  everybody();
  fate(Fate::forwarded, "ip nat", "", "DOCKER");
  f.firewall->sent_on_to = "172.17.0.2 port 993";
  expect("container_port", Certainty::certain, Fault::product);
  fate(Fate::forwarded, "ip nat", "", "prerouting");
  expect("sent_elsewhere", Certainty::certain, Fault::product);
}

TEST_F(ExplainTest, LegacyRulesAreCertainOnlyWhenTheyCouldBeRead) {
  everybody();
  fate(Fate::unknown, "", "");
  f.firewall->legacy = {"filter"};
  expect("legacy_rules", Certainty::likely, Fault::product);
  fate(Fate::dropped, "ip legacy-filter", "", "INPUT");
  expect("legacy_rules", Certainty::certain, Fault::product);
}

TEST_F(ExplainTest, TheKernelsRateIsCertainByItsLogAndLikelyByItsMeter) {
  everybody();
  fate(Fate::may, "inet gatepost", "gp:imaps:open");
  f.firewall->conditions = kIfRate;
  f.rate.emplace();
  f.rate->per_minute = 30;
  f.rate->dropped_by_rate = 4;
  f.rate->in_meter = true;
  expect("kernel_rate_limit", Certainty::likely, Fault::policy);
  denied("gatepost:imaps", "rate-limit");
  expect("kernel_rate_limit", Certainty::certain, Fault::policy);
}

TEST_F(ExplainTest, AConnectionLimitInTheLogIsNoRate) {
  everybody();
  fate(Fate::may, "inet gatepost", "gp:imaps:open");
  f.firewall->conditions = kIfRate;
  f.rate.emplace();
  f.rate->max_connections = 100;
  f.rate->dropped_by_connections = 4;
  denied("gatepost:imaps", "connection-limit");
  expect("kernel_connection_limit", Certainty::certain, Fault::policy);
  EXPECT_THAT(all.front().summary, HasSubstr("100 connections"));
}

TEST_F(ExplainTest, WhatTheKernelTracksArrived) {
  everybody();
  const std::string text = "203.0.113.9 port 4000 > 198.51.100.1 port 993";
  f.tracked = {{text, Tracked::State::asked, ""}};
  expect("not_answered", Certainty::likely, Fault::server);
  f.tracked = {{text, Tracked::State::answered, ""}};
  expect("answer_lost", Certainty::likely, Fault::provider);
  EXPECT_THAT(report(f, all).text, HasSubstr(text));
  // One that is open got through; one that was says nothing of now.
  f.tracked = {{text, Tracked::State::established, ""}};
  EXPECT_NE(first().cause, "nothing_arrives");
  f.tracked = {{text, Tracked::State::ending, ""}};
  expect("nothing_arrives", Certainty::likely, Fault::provider);
  f.question.past = true;
  f.tracked = {{text, Tracked::State::asked, ""}};
  EXPECT_NE(first().cause, "not_answered") << "what is so now says nothing of then";
}

TEST_F(ExplainTest, ATranslationTheKernelMadeIsCertain) {
  everybody();
  f.tracked = {{"203.0.113.9 port 4000 > 198.51.100.1 port 993", Tracked::State::asked, "10.0.0.5 port 993"}};
  expect("sent_elsewhere", Certainty::certain, Fault::product);
  EXPECT_THAT(all.front().summary, HasSubstr("10.0.0.5 port 993"));
  fate(Fate::forwarded, "ip nat", "", "prerouting");
  f.firewall->sent_on_to = "10.0.0.5 port 993";
  expect("sent_elsewhere", Certainty::certain, Fault::product);
  EXPECT_EQ(std::ranges::count(all, "sent_elsewhere", &Diagnosis::cause), 1);
}

TEST_F(ExplainTest, ASessionFromBeforeTheRulesIsSaidToGoOn) {
  fate(Fate::dropped, "inet gatepost", "gp:imaps:default");
  f.tracked = {{"203.0.113.9 port 4000 > 198.51.100.1 port 993", Tracked::State::established, ""}};
  expect("not_in_audience", Certainty::certain, Fault::policy);
  EXPECT_THAT(report(f, all).text, HasSubstr("gatepost gate apply --now ends it"));
}

TEST_F(ExplainTest, AMaintenanceWindowIsTheCauseWhileItIsOpen) {
  everybody();
  f.maintenance_until = "2026-11-26T15:00:00.000Z";
  expect("maintenance", Certainty::certain, Fault::policy);
  EXPECT_THAT(report(f, all).text, HasSubstr("gatepost maintenance end"));
  f.question.past = true;
  EXPECT_NE(first().cause, "maintenance");
}

TEST_F(ExplainTest, WhatNothingOnTheHostStopsIsStoppedBeforeIt) {
  everybody();
  expect("nothing_arrives", Certainty::likely, Fault::provider);
  probe_from("elsewhere", true, probe::PortState::silent);
  expect("nothing_arrives", Certainty::certain, Fault::provider);
}

TEST_F(ExplainTest, ALookAtTheWireTellsWhetherAnythingCame) {
  everybody();
  f.arrivals = ArrivalFact{30s, 0, 0, 0, ""};
  expect("nothing_arrives", Certainty::likely, Fault::provider);
  f.arrivals = ArrivalFact{30s, 3, 0, 3, "eth0"};
  expect("answer_lost", Certainty::likely, Fault::provider);
}

TEST_F(ExplainTest, TheServersOwnRefusalsAreNamed) {
  note(notes::What::audience);
  expect("refused_by_server", Certainty::certain, Fault::policy);
  f.peer->notes.clear();
  everybody();
  for (const auto& [what, cause, fault] :
       {std::tuple{notes::What::address_limit, "server_address_limit", Fault::policy},
        std::tuple{notes::What::rate_limit, "server_rate_limit", Fault::policy},
        std::tuple{notes::What::total_limit, "server_full", Fault::server},
        std::tuple{notes::What::proxy_header, "proxy_header", Fault::client},
        std::tuple{notes::What::banned, "banned", Fault::policy},
        std::tuple{notes::What::failed, "server_failed", Fault::server}}) {
    f.peer->notes.clear();
    note(what);
    expect(cause, Certainty::certain, fault);
  }
}

TEST_F(ExplainTest, AHandshakeThatFailedSaysWhoseFaultItWas) {
  everybody();
  for (const auto& [detail, cause] :
       {std::pair{"the peer sent something that is not TLS (packet length too long)", "plain_text_on_tls_port"},
        std::pair{"the peer spoke plain HTTP (http request)", "plain_text_on_tls_port"},
        std::pair{"the peer began TLS at once where the connection begins in plain text", "tls_on_plain_port"},
        std::pair{"the peer does not trust the authority that signed our certificate", "client_distrusts_certificate"},
        std::pair{"the peer only offers TLS versions below the configured minimum", "tls_version"},
        std::pair{"the peer and we have no cipher in common", "tls_parameters"},
        std::pair{"something new", "tls_failed"}}) {
    f.peer->notes.clear();
    note(notes::What::handshake, detail);
    EXPECT_EQ(first().cause, cause) << detail;
  }
}

TEST_F(ExplainTest, ASecondTryThatWorkedCountsMoreThanAnOldFailure) {
  everybody();
  note(notes::What::ended);
  note(notes::What::handshake, "the peer spoke plain HTTP");
  f.peer->peer.emplace();
  f.peer->peer->last_opened = kNow - 5s;
  expect("works", Certainty::likely, Fault::nobody);
}

TEST_F(ExplainTest, SignInAndMailAreReadFromTheServersLog) {
  everybody();
  f.peer->peer.emplace();
  f.peer->peer->last_opened = kNow - 5s;
  for (const auto& [line, cause] :
       {std::pair{"sign_in.failed remote=203.0.113.9 name=anna@example.org", "wrong_password"},
        std::pair{"sign_in.refused remote=203.0.113.9 name=anna@example.org", "banned"},
        std::pair{"sign_in.disabled remote=203.0.113.9", "account_disabled"},
        std::pair{"mail.refused code=disk_full detail=full remote=203.0.113.9:1", "disk_full"},
        std::pair{"smtp.recipient_refused to=x@y reply=\"no such user\" remote=203.0.113.9:1", "mail_refused"},
        std::pair{"imap.hung_up why=\"another protocol\" remote=203.0.113.9:1", "hung_up"}}) {
    f.lines = {*notes::read_log_line(date::format_rfc3339(kNow - 5s) + " notice " + line)};
    EXPECT_EQ(first().cause, cause);
  }
}

TEST_F(ExplainTest, WhatListensDecidesBeforeAnyRule) {
  everybody();
  f.sockets = {{*IpAddress::parse("127.0.0.1"), 993}};
  expect("bound_elsewhere", Certainty::certain, Fault::policy);
  f.sockets = {{IpAddress::v4(0), 993}};
  f.question.from = IpAddress::parse("2001:db8::9");
  expect("no_ipv6_listener", Certainty::certain, Fault::policy);
  f.sockets.clear();
  f.served.clear();
  expect("not_bound", Certainty::certain, Fault::server);
  f.policies.front().audience = config::Audience::off;
  expect("service_off", Certainty::certain, Fault::policy);
  f.policies.clear();
  expect("no_service", Certainty::certain, Fault::policy);
  f.sockets = {{IpAddress{}, 993}};
  expect("other_program", Certainty::certain, Fault::product);
  f.sockets.clear();
  f.policies = {policy()};
  f.daemon_runs = false;
  expect("server_down", Certainty::certain, Fault::server);
}

TEST_F(ExplainTest, AProbeTellsOfTheCertificate) {
  everybody();
  auto& report = f.probes.front().report;
  for (const auto& [text, cause] :
       {std::pair{"the certificate expired on 2026-01-01", "certificate_expired"},
        std::pair{"it is for other.example, not for mail.example.org", "certificate_name"},
        std::pair{"the chain is not complete: only the leaf was sent, its issuer is X", "certificate_chain"},
        std::pair{"the certificate is signed by itself: nobody who does not know it can trust it",
                  "certificate_self_signed"},
        std::pair{"it is not the one on disk", "certificate_not_loaded"}}) {
    report.findings.clear();
    report.add(probe::Stage::certificate, probe::Outcome::fail, {}, text);
    expect(cause, Certainty::certain, Fault::server);
  }
}

TEST_F(ExplainTest, StarttlsThatIsMissingFromOutsideWasRemovedBetween) {
  everybody();
  f.probes.front().report.add(probe::Stage::starttls, probe::Outcome::ok, {}, "accepted");
  probe_from("elsewhere", true, probe::PortState::open);
  f.probes.back().report.add(probe::Stage::starttls, probe::Outcome::fail, {}, "STARTTLS is overwritten on the way");
  expect("starttls_stripped", Certainty::certain, Fault::provider);
}

TEST_F(ExplainTest, NamesThatLeadElsewhereAreSeen) {
  everybody();
  f.peer->peer.emplace();
  f.peer->peer->last_opened = kNow - 5s;
  f.own_addresses = {*IpAddress::parse("198.51.100.1")};
  f.dns = DnsFact{"mail.example.org", {*IpAddress::parse("192.0.2.99")}, ""};
  expect("name_leads_elsewhere", Certainty::likely, Fault::dns);
  f.own_addresses = {*IpAddress::parse("10.0.0.5")};
  EXPECT_EQ(first().certainty, Certainty::possible);  // behind NAT it has to be so
  f.own_addresses = {*IpAddress::parse("198.51.100.1"), *IpAddress::parse("2001:db8::1")};
  f.dns->addresses = f.own_addresses;
  f.sockets = {{IpAddress::v4(0), 993}};
  expect("ipv6_missing", Certainty::likely, Fault::policy);
}

TEST_F(ExplainTest, ALogOfThatTimeCountsMoreThanTheRulesOfNow) {
  everybody();
  f.question.past = true;
  denied("iptables-dropped");
  expect("other_product_dropped", Certainty::certain, Fault::product);
  f.events.clear();
  denied("gatepost:imaps");
  expect("was_not_in_audience", Certainty::certain, Fault::nobody);
}

TEST_F(ExplainTest, WhatCannotBeToldIsSaidWithWhatWouldTell) {
  everybody();
  f.firewall.reset();
  f.peer.reset();
  f.probes.clear();
  f.missing = {"the firewall's rules: run this as root"};
  expect("unknown", Certainty::possible, Fault::unknown);
  EXPECT_THAT(report(f, all).text, HasSubstr("run this as root"));
  EXPECT_THAT(report(f, all).text, HasSubstr("--watch"));
}

TEST_F(ExplainTest, AskedAboutAServiceTheDriftIsTheCause) {
  f.question.from.reset();
  f.drift = {
      {993, "imaps", Drift::Kind::shut_out, set_of(*Network::parse("10.20.0.0/16")), "rule \"theirs\" of inet other"}};
  expect("rules_shut_out", Certainty::certain, Fault::rules);
  f.drift.clear();
  f.firewall.reset();
  expect("works", Certainty::possible, Fault::nobody);
}

class OutboundTest : public testing::Test {
 protected:
  OutboundTest() {
    f.question.outbound = true;
    f.question.host = "mx.example.net";
    f.question.port = 25;
    f.question.at = f.question.now = kNow;
    o().dns = {"mx.example.net", {*IpAddress::parse("192.0.2.25")}, ""};
    o().egress_user = "gatepost";
  }
  OutboundFact& o() {
    if (!f.outbound) f.outbound.emplace();
    return *f.outbound;
  }
  static AttemptFact attempt(AttemptFact::How how, std::uint16_t port = 25, std::optional<bool> left = true) {
    AttemptFact a;
    a.label = "there";
    a.port = port;
    a.how = how;
    a.left = left;
    return a;
  }
  std::string cause() { return explain(f).front().cause; }
  using How = AttemptFact::How;
  Facts f;
};

TEST_F(OutboundTest, TellsApartWhereItEnds) {
  o().server = {attempt(How::open)};
  EXPECT_EQ(cause(), "works");
  o().server.front().said = "554 5.7.1 your address has no name";
  EXPECT_EQ(cause(), "turned_away");
  o().server = {attempt(How::silent)};
  EXPECT_EQ(cause(), "no_answer");
  o().others = {attempt(How::open, 443)};
  EXPECT_EQ(cause(), "provider_blocks_25");
  EXPECT_EQ(explain(f).front().certainty, Certainty::likely);
  o().queue = {{"x@other.example", "timed out"}};
  EXPECT_EQ(explain(f).front().certainty, Certainty::certain);
  f.question.port = 2525;
  EXPECT_EQ(cause(), "port_filtered_there");
  o().server = {attempt(How::silent, 2525, false)};
  EXPECT_EQ(cause(), "stopped_on_the_way_out");
  o().server = {attempt(How::refused)};
  EXPECT_EQ(cause(), "refused_there");
  o().server = {attempt(How::failed)};
  EXPECT_EQ(cause(), "no_route");
}

TEST_F(OutboundTest, ARuleAboutTheServersUserIsSeenByTheOtherUser) {
  o().server = {attempt(How::silent, 25, false)};
  o().others = {attempt(How::open)};
  EXPECT_EQ(cause(), "egress_policy");
  o().others.clear();
  o().egress_policy = true;
  o().egress_admits = false;
  EXPECT_EQ(explain(f).front().certainty, Certainty::likely);
}

TEST_F(OutboundTest, ANameWithoutAddressIsDnsAlone) {
  o().dns.addresses.clear();
  EXPECT_EQ(cause(), "name_without_address");
}

TEST(ProbeReader, ReadsWhatTheProbePrints) {
  probe::Report report;
  report.host = "mail.example.org";
  report.profile = "gatepost";
  report.ports.emplace_back();
  report.ports.back().service = "imaps";
  report.ports.back().at = {*IpAddress::parse("198.51.100.1"), 993};
  report.ports.back().state = probe::PortState::silent;
  report.ports.back().add(probe::Stage::connect, probe::Outcome::fail, 7us, "no answer to 2 SYN", "a remedy");
  const auto back = read_probe_report(probe::format_json(report));
  ASSERT_TRUE(back);
  ASSERT_EQ(back->ports.size(), 1U);
  EXPECT_EQ(probe::format_json(*back), probe::format_json(report));
  EXPECT_FALSE(read_probe_report("{}"));
  EXPECT_FALSE(read_probe_report("{\"ports\":"));
}

}  // namespace
}  // namespace gatepost::gate::explain
