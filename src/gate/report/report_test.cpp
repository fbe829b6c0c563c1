#include "gate/report/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include <boost/json.hpp>

#include <fmt/format.h>

namespace gatepost::gate {
namespace {

namespace json = boost::json;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

Situation now_with(std::string_view objects, std::vector<std::string> legacy = {}) {
  Host host;
  host.interfaces = {"eth0", "lo"};
  host.addresses = set_of({*Network::parse("127.0.0.0/8"), *Network::parse("::1"), *Network::parse("198.51.100.1"),
                           *Network::parse("2001:db8::1")});
  return *situation(fmt::format(R"({{"nftables":[{}]}})", objects), host, std::move(legacy));
}

constexpr std::string_view kClosed =
    R"({"chain":{"family":"inet","table":"other","name":"late","type":"filter","hook":"input","prio":10,"policy":"drop"}})";

config::Config configuration() {
  config::Config c = config::Config::defaults();
  c.server.hostname = "mail.example.org";
  c.server.default_listeners = false;
  std::erase_if(c.listeners, [](const auto& l) { return l.name != "imaps"; });
  c.complete();
  return c;
}

std::vector<std::string> audited(const Situation& s, bool applied, std::map<std::string, std::uint64_t> let_in = {},
                                 std::vector<Listening> listening = {}, std::vector<notes::Uses::OfListener> uses = {},
                                 const std::function<void(Evidence&)>& more = {}) {
  const config::Config c = configuration();
  const TimePoint now = TimePoint{} + std::chrono::days(100);
  const auto policies = port_policies(
      c, std::vector<BoundSocket>{{"imaps", {IpAddress{}, 993}}, {"imaps", {IpAddress::v4(0), 993}}}, now);
  const Intent intent = intent_of(c, policies);
  Evidence e{c,
             policies,
             intent,
             s,
             std::move(listening),
             applied ? std::optional(Marker{1, intent.hash()}) : std::nullopt,
             applied,
             applied,
             std::nullopt,
             true,
             std::move(let_in),
             TimePoint{} + std::chrono::days(60),
             std::move(uses)};
  if (more) more(e);
  std::vector<std::string> out;
  for (const Finding& f : audit(e, now)) out.push_back(f.where + ": " + f.what);
  return out;
}

TEST(Audit, NothingIsFoundWhereAllAgree) { EXPECT_THAT(audited(now_with(""), true), testing::IsEmpty()); }

TEST(Audit, FindsWhatDiffers) {
  EXPECT_THAT(audited(now_with(""), false), Contains(HasSubstr("it has no rules of Gatepost")));
  EXPECT_THAT(audited(now_with(kClosed), true), Contains(HasSubstr("the policy of inet other late stops them")));
  EXPECT_THAT(audited(now_with("", {"nat"}), true), Contains(HasSubstr("iptables-legacy has a table \"nat\"")));
  EXPECT_THAT(audited(now_with(""), true, {{"imaps", 0}}), Contains(HasSubstr("nobody has connected for 30 days")));
  EXPECT_THAT(audited(now_with(""), true, {{"imaps", 1}}), testing::IsEmpty());
  EXPECT_THAT(audited(now_with(""), true, {}, {{IpAddress::v4(0), 3306}, {*IpAddress::parse("127.0.0.1"), 5432}}),
              testing::ElementsAre(HasSubstr("3306: another program listens")));
  const std::string published =
      R"({"chain":{"family":"ip","table":"nat","name":"pre","type":"nat","hook":"prerouting","prio":-100,"policy":"accept"}},)"
      R"({"rule":{"family":"ip","table":"nat","chain":"pre","expr":[{"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":8080}},{"dnat":{"family":"ip","addr":"172.17.0.2","port":80}}]}})";
  EXPECT_THAT(audited(now_with(published), true), Contains(HasSubstr("port 8080 is sent on to another machine")));
}

TEST(Audit, FindsOpeningsThatAreWiderThanTheirUse) {
  notes::Uses::OfListener used{"imaps", TimePoint{} + std::chrono::days(60), false, 7, {}};
  used.uses = {{*Network::parse("203.0.113.0/24"), 5, TimePoint{} + std::chrono::days(99)},
               {*Network::parse("192.0.2.0/24"), 2, TimePoint{} + std::chrono::days(61)}};
  EXPECT_THAT(
      audited(now_with(""), true, {}, {}, {used}),
      testing::ElementsAre(HasSubstr("open to the internet, and in 30 days only 1 network(s) came: 203.0.113.0/24")));
  // What is not known for long enough, or not whole, proves nothing.
  used.more = true;
  EXPECT_THAT(audited(now_with(""), true, {}, {}, {used}), testing::IsEmpty());
  used.more = false;
  used.since = TimePoint{} + std::chrono::days(90);
  EXPECT_THAT(audited(now_with(""), true, {}, {}, {used}), testing::IsEmpty());
}

TEST(Audit, FindsWhatIsPromisedAndNotDone) {
  const auto found = [](const std::function<void(Evidence&)>& more) {
    return audited(now_with(""), true, {}, {}, {}, more);
  };
  const Network one = *Network::parse("203.0.113.9"), two = *Network::parse("2001:db8:1:2::/64");
  EXPECT_THAT(found([&](Evidence& e) { e.bans = BanEvidence{true, "", {one, two}, std::vector{two, one}}; }),
              testing::IsEmpty());
  EXPECT_THAT(found([&](Evidence& e) { e.bans = BanEvidence{true, "", {one, two}, std::vector{one}}; }),
              testing::ElementsAre("bans: the firewall's sets lack 2001:db8:1:2::/64, which the server bans"));
  EXPECT_THAT(found([&](Evidence& e) { e.bans = BanEvidence{true, "", {}, std::vector{one}}; }),
              testing::ElementsAre("bans: the firewall's sets have 203.0.113.9, which the server does not ban"));
  EXPECT_THAT(found([&](Evidence& e) { e.bans = BanEvidence{false, "no helper", {}, std::vector<Network>{}}; }),
              testing::ElementsAre("bans: they are in the server alone: no helper"));
  EXPECT_THAT(found([&](Evidence& e) { e.bans = BanEvidence{true, "", {one}, std::nullopt}; }),
              testing::ElementsAre("bans: the table inet gatepost has no sets for them"));
  EXPECT_THAT(found([](Evidence& e) { e.log_group_heard = false; }),
              testing::ElementsAre(HasSubstr("nobody reads its log group")));
  EXPECT_THAT(found([](Evidence& e) { e.log_group_heard = true; }), testing::IsEmpty());
  Tracked open;
  open.source = *IpAddress::parse("203.0.113.9");
  open.destination_port = 993;
  EXPECT_THAT(
      found([&](Evidence& e) { e.refused_sessions = {open, open}; }),
      testing::ElementsAre("firewall: sessions are open whose source may no longer connect: 203.0.113.9 at imaps"));
}

TEST(Audit, ReadsTheServersBans) {
  const auto bans = ban_evidence(R"([{"address":"203.0.113.9","refused":"connections","firewall":true},)"
                                 R"({"address":"203.0.113.10","refused":"connections","firewall":false},)"
                                 R"({"address":"192.0.2.7","refused":"sign-in","firewall":false}])",
                                 R"({"bans_in_firewall":true,"bans_not_in_firewall_because":""})");
  ASSERT_TRUE(bans);
  EXPECT_TRUE(bans->in_firewall);
  EXPECT_EQ(bans->of_server, std::vector{*Network::parse("203.0.113.9")});
  EXPECT_FALSE(ban_evidence("{}", "{}"));
  EXPECT_FALSE(ban_evidence("[]", "[]"));
  EXPECT_FALSE(ban_evidence("", ""));
}

TEST(Audit, FindsRulesThatOthersHide) {
  const std::string shadow =
      R"({"chain":{"family":"inet","table":"other","name":"in","type":"filter","hook":"input","prio":10,"policy":"accept"}},)"
      R"({"rule":{"family":"inet","table":"other","chain":"in","handle":3,"comment":"all","expr":[{"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":993}},{"accept":null}]}},)"
      R"({"rule":{"family":"inet","table":"other","chain":"in","handle":4,"comment":"not him","expr":[{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":"203.0.113.9"}},{"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":993}},{"drop":null}]}})";
  EXPECT_THAT(
      audited(now_with(shadow), true),
      testing::ElementsAre("firewall: rule \"not him\" of inet other in never comes to anything: rule \"all\" of "
                           "inet other in decides before, and otherwise than it says"));
  EXPECT_THAT(who(now_with(shadow), 993, "imaps").text, HasSubstr("never comes to anything"));
  EXPECT_THAT(who(now_with(shadow), 25, "smtp").text, Not(HasSubstr("never comes to anything")));
  // Of our own table nothing is to be taken out by hand.
  std::string ours = shadow;
  for (std::size_t at = 0; (at = ours.find("\"other\"", at)) != std::string::npos;) ours.replace(at, 7, "\"gatepost\"");
  EXPECT_THAT(audited(now_with(ours), true), Not(testing::Contains(HasSubstr("never comes to anything"))));
}

TEST(Audit, OnlyChangesAreToldWhenAsked) {
  const std::vector<Finding> before = {{"a", "old", "x"}, {"b", "both", "y"}},
                             now = {{"b", "both", "y"}, {"c", "new", "z"}};
  EXPECT_EQ(*findings_from_json(to_json(before)), before);
  const Report r = audit_report(now, before);
  EXPECT_EQ(r.exit_code, 1);
  EXPECT_THAT(r.text, HasSubstr("new  c: new. z"));
  EXPECT_THAT(r.text, HasSubstr("gone a: old."));
  EXPECT_THAT(r.text, Not(HasSubstr("both")));
  EXPECT_EQ(audit_report({}, std::nullopt).exit_code, 0);
  EXPECT_EQ(json::parse(r.json).at("count").to_number<int>(), 2);
  EXPECT_FALSE(findings_from_json("{"));
}

TEST(Who, SaysWhatLegacyTablesLeaveUncertain) {
  EXPECT_THAT(who(now_with(""), 993, "imaps").text, HasSubstr("OPEN       any IPv4 address"));
  const Report legacy = who(now_with("", {"filter"}), 993, "imaps");
  EXPECT_THAT(legacy.text, HasSubstr("UNKNOWN"));
  EXPECT_THAT(legacy.text, HasSubstr("iptables-legacy has a table \"filter\""));
  // A legacy filter cannot open what nftables drops; its nat table may lead elsewhere.
  EXPECT_THAT(who(now_with(kClosed, {"filter"}), 993, "").text, Not(HasSubstr("UNKNOWN")));
  EXPECT_THAT(who(now_with(kClosed, {"nat"}), 993, "").text, HasSubstr("UNKNOWN"));
}

TEST(Show, MarksWhatTheFirewallDoesOtherwise) {
  const config::Config c = configuration();
  const auto policies = port_policies(c, std::vector<BoundSocket>{{"imaps", {IpAddress::v4(0), 993}}}, TimePoint{});
  const Intent intent = intent_of(c, policies);
  EXPECT_THAT(show(policies, intent, now_with(""), "").text, HasSubstr("yes        ok"));
  const Report drifted = show(policies, intent, now_with(kClosed), "");
  EXPECT_THAT(drifted.text, HasSubstr("DRIFT"));
  EXPECT_EQ(json::parse(drifted.json).at("problems").to_number<int>(), 1);
  EXPECT_THAT(show(policies, intent, std::nullopt, "not root").text, HasSubstr("not looked at: not root"));
}

}  // namespace
}  // namespace gatepost::gate
