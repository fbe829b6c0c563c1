#include "gate/ruleset/reach.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include <fmt/format.h>

#include "gate/ruleset/reader.hpp"
#include "gate/ruleset/test_packets.hpp"

namespace gatepost::gate {
namespace {

using namespace testing_packets;
using testing::HasSubstr;

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

Host reach_host() {
  Host h;
  h.interfaces = {"lo", "eth0", "wg0"};
  h.addresses = set_of({*Network::parse("127.0.0.0/8"), *Network::parse("::1"), *Network::parse("198.51.100.1"),
                        *Network::parse("2001:db8:1::1")});
  return h;
}

// A list as nft writes it, from its objects.
Ruleset rules(std::string_view objects) {
  auto read = read_ruleset(fmt::format(R"({{"nftables":[{}]}})", objects));
  if (!read) {
    ADD_FAILURE() << read.error().detail;
    return {};
  }
  return *std::move(read);
}

std::string chain(std::string_view name, std::string_view hook, int priority, std::string_view policy,
                  std::string_view table = "t", std::string_view type = "filter", std::string_view family = "inet") {
  return fmt::format(
      R"({{"chain":{{"family":"{}","table":"{}","name":"{}","type":"{}","hook":"{}","prio":{},"policy":"{}"}}}})",
      family, table, name, type, hook, priority, policy);
}

std::string rule(std::string_view chain, std::string_view expressions, std::string_view table = "t",
                 std::string_view family = "inet") {
  return fmt::format(R"(,{{"rule":{{"family":"{}","table":"{}","chain":"{}","handle":7,"expr":[{}]}}}})", family, table,
                     chain, expressions);
}

constexpr std::string_view kImaps =
    R"({"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":993}},)";
constexpr std::string_view kFromTen =
    R"({"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":{"prefix":{"addr":"10.0.0.0","len":8}}}},)";
constexpr std::string_view kAccept = R"({"accept":null})", kDrop = R"({"drop":null})";

Answer ask(const Ruleset& r, std::uint16_t port = 993) {
  Question q;
  q.ports = Values::of(port);
  return reach(r, reach_host(), q);
}

// The region a packet lies in.
const Region* region_of(const Answer& a, const Packet& p) {
  const Values interface = a.atoms.named(p.interface);
  const Region* found = nullptr;
  for (const Region& r : a.regions) {
    if (r.v6 != p.v6() || !r.sources.contains(number_of(p.source)) ||
        !r.destinations.contains(number_of(p.destination)) || !r.source_ports.contains(AddressNumber{p.sport}) ||
        !r.ports.contains(AddressNumber{p.dport}) || (r.interfaces & interface).empty())
      continue;
    if (found != nullptr) ADD_FAILURE() << "two regions hold one packet";
    found = &r;
  }
  return found;
}

Fate answered_fate(const Answer& a, std::string_view source, std::string_view interface = "eth0",
                   std::uint16_t port = 993) {
  const IpAddress from = ip(source);
  const Packet p{from, ip(from.is_v4() ? "198.51.100.1" : "2001:db8:1::1"), 40000, port, std::string(interface), "tcp"};
  const Region* r = region_of(a, p);
  if (r == nullptr) ADD_FAILURE() << "no region for " << source;
  return r == nullptr ? Fate::unknown : r->fate;
}

TEST(Reach, WithoutRulesEverythingIsOpen) {
  const Answer a = ask(rules(""));
  EXPECT_EQ(answered_fate(a, "203.0.113.9"), Fate::open);
  EXPECT_EQ(answered_fate(a, "2001:db8::9"), Fate::open);
  EXPECT_EQ(a.regions.size(), 2u);
}

TEST(Reach, AnAllowListHasExactEdges) {
  const Answer a =
      ask(rules(chain("in", "input", 0, "drop") + rule("in", fmt::format("{}{}{}", kImaps, kFromTen, kAccept))));
  EXPECT_EQ(answered_fate(a, "10.0.0.0"), Fate::open);
  EXPECT_EQ(answered_fate(a, "10.255.255.255"), Fate::open);
  EXPECT_EQ(answered_fate(a, "9.255.255.255"), Fate::dropped);
  EXPECT_EQ(answered_fate(a, "11.0.0.0"), Fate::dropped);
  EXPECT_EQ(answered_fate(a, "2001:db8::9"), Fate::dropped);
  ASSERT_EQ(a.regions[0].steps.size(), 1u);
  EXPECT_EQ(a.regions[0].steps[0].rule, 0);
}

TEST(Reach, AcceptIsFinalInItsOwnChainOnly) {
  const Answer a = ask(rules(chain("in", "input", 0, "drop") + rule("in", fmt::format("{}{}", kImaps, kAccept)) + "," +
                             chain("late", "input", 10, "accept", "other") +
                             rule("late", fmt::format("{}{}", kImaps, kDrop), "other")));
  EXPECT_EQ(answered_fate(a, "10.0.0.1"), Fate::dropped);
}

TEST(Reach, OfChainsAtOnePriorityTheLatestComesFirst) {
  const std::string refuse = fmt::format(R"({}{{"reject":{{"type":"tcp reset"}}}})", kImaps);
  const Answer a = ask(rules(chain("first", "input", 0, "drop") + "," + chain("second", "input", 0, "accept", "other") +
                             rule("second", refuse, "other")));
  EXPECT_EQ(answered_fate(a, "10.0.0.1"), Fate::refused);
  const Answer b = ask(rules(chain("second", "input", 0, "accept", "other") + rule("second", refuse, "other") + "," +
                             chain("first", "input", 0, "drop")));
  EXPECT_EQ(answered_fate(b, "10.0.0.1"), Fate::dropped);
}

TEST(Reach, FamiliesSeeTheirOwnPacketsAlone) {
  const Answer a = ask(rules(chain("in", "input", 0, "drop", "t", "filter", "ip")));
  EXPECT_EQ(answered_fate(a, "10.0.0.1"), Fate::dropped);
  EXPECT_EQ(answered_fate(a, "2001:db8::9"), Fate::open);
}

TEST(Reach, ANegatedIpv4MatchLeavesIpv6Alone) {
  const std::string not_ten =
      R"({"match":{"op":"!=","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":{"set":["10.0.0.1",{"range":["10.0.0.4","10.0.0.8"]}]}}},)";
  const Answer a = ask(rules(chain("in", "input", 0, "accept") + rule("in", fmt::format("{}{}", not_ten, kDrop))));
  EXPECT_EQ(answered_fate(a, "10.0.0.1"), Fate::open);
  EXPECT_EQ(answered_fate(a, "10.0.0.8"), Fate::open);
  EXPECT_EQ(answered_fate(a, "10.0.0.9"), Fate::dropped);
  EXPECT_EQ(answered_fate(a, "2001:db8::9"), Fate::open);
}

TEST(Reach, LimitsMakeItConditional) {
  const std::string meter =
      R"({"set":{"op":"add","elem":{"payload":{"protocol":"ip","field":"saddr"}},"set":"@m","stmt":[{"limit":{"rate":30,"burst":20,"per":"minute","inv":true}}]}},)";
  const Answer a =
      ask(rules(chain("in", "input", 0, "accept") + rule("in", fmt::format("{}{}{}", kImaps, meter, kDrop))));
  EXPECT_EQ(answered_fate(a, "10.0.0.1"), Fate::may);
  EXPECT_EQ(a.regions[0].conditions, kIfRate);
  // A limited log line steers nothing.
  const Answer b = ask(rules(chain("in", "input", 0, "accept") +
                             rule("in", R"({"limit":{"rate":5,"burst":5,"per":"second"}},{"log":{"prefix":"x"}})")));
  EXPECT_EQ(answered_fate(b, "10.0.0.1"), Fate::open);
}

TEST(Reach, WhatIsNotUnderstoodIsNeverClosed) {
  for (
      const std::string_view odd :
      {R"({"xt":{"type":"match","name":"conntrack"}},{"drop":null})", R"({"queue":{"num":3}})", R"({"wonder":null})",
       R"({"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"dscp"}},"right":5}},{"drop":null})",
       R"({"match":{"op":"~","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":993}},{"drop":null})",
       R"({"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":"@nowhere"}},{"drop":null})",
       R"({"vmap":{"key":{"payload":{"protocol":"tcp","field":"dport"}},"data":{"set":[["imaps",{"drop":null}]]}}})",
       R"({"jump":{"target":"nowhere"}})", R"({"tproxy":{"port":5}})", R"(17)"}) {
    const Ruleset r = rules(chain("in", "input", 0, "accept") + rule("in", odd));
    EXPECT_FALSE(r.notes.empty()) << odd;
    EXPECT_EQ(answered_fate(ask(r), "10.0.0.1"), Fate::unknown) << odd;
  }
  // Closed all the same when everything that can come of it is: an iptables match before a policy that drops.
  const Ruleset r =
      rules(chain("in", "input", 0, "drop") + rule("in", R"({"xt":{"type":"match","name":"recent"}},{"drop":null})") +
            "," + chain("late", "input", 10, "drop", "late"));
  EXPECT_EQ(answered_fate(ask(r), "10.0.0.1"), Fate::dropped);
}

TEST(Reach, OfIptablesItKnowsWhatANameSays) {
  const auto with = [&](std::string_view expressions, std::string_view policy) {
    return answered_fate(ask(rules(chain("INPUT", "input", 0, policy, "filter", "filter", "ip") +
                                   rule("INPUT", expressions, "filter", "ip"))),
                         "10.0.0.1");
  };
  EXPECT_EQ(with(R"({"xt":{"type":"match","name":"comment"}},{"xt":{"type":"target","name":"REJECT"}})", "accept"),
            Fate::refused);
  EXPECT_EQ(with(R"({"xt":{"type":"target","name":"LOG"}})", "drop"), Fate::dropped);
  EXPECT_EQ(with(R"({"xt":{"type":"match","name":"hashlimit"}},{"drop":null})", "accept"), Fate::may);
  EXPECT_EQ(with(R"({"xt":{"type":"match","name":"conntrack"}},{"accept":null})", "drop"), Fate::unknown);
  // Whether it matches or not, it is dropped.
  EXPECT_EQ(with(R"({"xt":{"type":"match","name":"conntrack"}},{"drop":null})", "drop"), Fate::dropped);
  EXPECT_EQ(with(R"({"xt":{"type":"target","name":"MARK"}})", "accept"), Fate::unknown);
}

TEST(Reach, ATargetOfIptablesBeforeRoutingLeavesNothingCertain) {
  const Ruleset r = rules(chain("pre", "prerouting", -100, "accept", "nat", "nat", "ip") +
                          rule("pre", R"({"xt":{"type":"target","name":"REDIRECT"}})", "nat", "ip") + "," +
                          chain("in", "input", 0, "drop"));
  EXPECT_EQ(answered_fate(ask(r), "10.0.0.1"), Fate::unknown);
  EXPECT_EQ(answered_fate(ask(r), "2001:db8::9"), Fate::dropped);
}

TEST(Reach, APublishedPortNeverMeetsTheInputHook) {
  const Ruleset r =
      rules(chain("pre", "prerouting", -100, "accept", "nat", "nat") +
            rule("pre",
                 R"({"match":{"op":"==","left":{"fib":{"result":"type","flags":["daddr"]}},"right":"local"}},)" +
                     fmt::format(R"({}{{"dnat":{{"family":"ip","addr":"172.17.0.2","port":1993}}}})", kImaps),
                 "nat") +
            "," + chain("in", "input", 0, "drop"));
  const Answer a = ask(r);
  EXPECT_EQ(answered_fate(a, "203.0.113.9"), Fate::forwarded);
  EXPECT_EQ(answered_fate(a, "2001:db8::9"), Fate::dropped);
  const Region* region = region_of(a, {ip("203.0.113.9"), ip("198.51.100.1"), 40000, 993, "eth0", "tcp"});
  EXPECT_EQ(text_of(region->translated_to), "172.17.0.2");
  EXPECT_TRUE(region->translated_port.contains(1993));
  // Forwarding may be judged, too.
  const Ruleset closed =
      rules(chain("pre", "prerouting", -100, "accept", "nat", "nat") +
            rule("pre", fmt::format(R"({}{{"dnat":{{"family":"ip","addr":"172.17.0.2"}}}})", kImaps), "nat") + "," +
            chain("fwd", "forward", 0, "accept") +
            rule("fwd", R"({"match":{"op":"in","left":{"ct":{"key":"status"}},"right":"dnat"}},{"reject":null})"));
  EXPECT_EQ(answered_fate(ask(closed), "203.0.113.9"), Fate::refused);
}

TEST(Reach, ARedirectedPortIsJudgedAsTheOneItLeadsTo) {
  const std::string to =
      R"({"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":8993}},{"redirect":{"port":993}})";
  const std::string only_993 =
      R"({"match":{"op":"!=","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":993}},{"drop":null})";
  const Ruleset r = rules(chain("pre", "prerouting", -100, "accept", "nat", "nat") + rule("pre", to, "nat") + "," +
                          chain("in", "input", 0, "accept") + rule("in", only_993));
  EXPECT_EQ(answered_fate(ask(r, 8993), "203.0.113.9", "eth0", 8993), Fate::open);
  EXPECT_EQ(answered_fate(ask(r, 8994), "203.0.113.9", "eth0", 8994), Fate::dropped);
  EXPECT_EQ(also_reached_by(reach(r, reach_host(), Question{}), 993), Values::of(8993));
}

TEST(Reach, InterfacesAndTheirPatternsAreToldApart) {
  const std::string vpn = R"({"match":{"op":"==","left":{"meta":{"key":"iifname"}},"right":"wg*"}},)";
  const Answer a =
      ask(rules(chain("in", "input", 0, "drop") + rule("in", fmt::format("{}{}{}", vpn, kImaps, kAccept))));
  EXPECT_EQ(answered_fate(a, "10.0.0.1", "wg0"), Fate::open);
  EXPECT_EQ(answered_fate(a, "10.0.0.1", "eth0"), Fate::dropped);
  EXPECT_EQ(answered_fate(a, "10.0.0.1", "wg*"), Fate::open);
}

TEST(Reach, JumpReturnsAndGotoDoesNot) {
  const auto with = [&](std::string_view way) {
    return answered_fate(
        ask(rules(chain("in", "input", 0, "drop") + R"(,{"chain":{"family":"inet","table":"t","name":"sub"}})" +
                  rule("in", fmt::format(R"({{"{}":{{"target":"sub"}}}})", way)) + rule("in", kAccept) +
                  rule("sub", fmt::format("{}{}", kFromTen, R"({"return":null})")) +
                  rule("sub", R"({"counter":null})"))),
        "10.0.0.1");
  };
  EXPECT_EQ(with("jump"), Fate::open);
  EXPECT_EQ(with("goto"), Fate::dropped);
}

TEST(Reach, VerdictMapsAndConcatenationsAreUnderstood) {
  const std::string map =
      R"(,{"map":{"family":"inet","name":"v","table":"t","type":"inet_service","map":"verdict","elem":[[25,{"accept":null}],[993,{"jump":{"target":"sub"}}]]}})"
      R"(,{"set":{"family":"inet","name":"c","table":"t","type":["ipv4_addr","inet_service"],"flags":["interval"],"elem":[{"concat":[{"prefix":{"addr":"192.0.2.0","len":24}},{"range":[900,1000]}]},{"elem":{"val":{"concat":["203.0.113.7",993]},"timeout":60,"expires":30}}]}})"
      R"(,{"chain":{"family":"inet","table":"t","name":"sub"}})";
  const Ruleset r = rules(
      chain("in", "input", 0, "drop") + map +
      rule("in", R"({"vmap":{"key":{"payload":{"protocol":"tcp","field":"dport"}},"data":"@v"}})") +
      rule(
          "sub",
          R"({"match":{"op":"==","left":{"concat":[{"payload":{"protocol":"ip","field":"saddr"}},{"payload":{"protocol":"tcp","field":"dport"}}]},"right":"@c"}},{"accept":null})"));
  EXPECT_EQ(answered_fate(ask(r), "192.0.2.255"), Fate::open);
  EXPECT_EQ(answered_fate(ask(r), "203.0.113.7"), Fate::open);
  EXPECT_EQ(answered_fate(ask(r), "203.0.113.8"), Fate::dropped);
  EXPECT_EQ(answered_fate(ask(r, 25), "203.0.113.8", "eth0", 25), Fate::open);
}

TEST(Reach, AnAnswerThatCannotLeaveMeansSilence) {
  const std::string established =
      R"({"match":{"op":"in","left":{"ct":{"key":"state"}},"right":["established","related"]}},{"accept":null})";
  const Ruleset closed = rules(chain("out", "output", 0, "drop"));
  EXPECT_EQ(answered_fate(ask(closed), "10.0.0.1"), Fate::dropped);
  EXPECT_TRUE(ask(closed).regions[0].answer_dropped);
  EXPECT_EQ(answered_fate(ask(rules(chain("out", "output", 0, "drop") + rule("out", established))), "10.0.0.1"),
            Fate::open);
}

TEST(Reach, WhatElementsCarryAndTheRestOfAMapAreNotOverlooked) {
  // An element with a limit matches now and then.
  const std::string limited =
      R"(,{"set":{"family":"inet","name":"s","table":"t","type":"ipv4_addr","elem":[{"elem":{"val":"10.0.0.1","limit":{"rate":1,"per":"minute"}}}]}})" +
      rule("in",
           R"({"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":"@s"}},{"drop":null})");
  EXPECT_EQ(answered_fate(ask(rules(chain("in", "input", 0, "accept") + limited)), "10.0.0.1"), Fate::may);
  // "*" is all that is not in the map.
  const std::string rest = rule(
      "in",
      R"({"vmap":{"key":{"meta":{"key":"iifname"}},"data":{"set":[["eth0",{"accept":null}],["*",{"drop":null}]]}}})");
  EXPECT_EQ(answered_fate(ask(rules(chain("in", "input", 0, "drop") + rest)), "10.0.0.1"), Fate::unknown);
  // A SYN may carry PSH and be answered all the same.
  const std::string bare = rule(
      "in",
      R"({"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"flags"}},"right":"syn"}},{"drop":null})");
  EXPECT_EQ(answered_fate(ask(rules(chain("in", "input", 0, "accept") + bare)), "10.0.0.1"), Fate::unknown);
  const std::string masked = rule(
      "in",
      R"({"match":{"op":"==","left":{"&":[{"payload":{"protocol":"tcp","field":"flags"}},{"|":[{"|":["fin","syn"]},"ack"]}]},"right":"syn"}},{"drop":null})");
  EXPECT_EQ(answered_fate(ask(rules(chain("in", "input", 0, "accept") + masked)), "10.0.0.1"), Fate::dropped);
}

TEST(Reach, MasksOfAddressesAreNetworks) {
  const std::string masked =
      R"({"match":{"op":"==","left":{"concat":[{"&":[{"payload":{"protocol":"ip6","field":"saddr"}},"ffff:ffff:ffff:ffff::"]},{"payload":{"protocol":"tcp","field":"dport"}}]},"right":{"set":[{"concat":["2001:db8::",993]}]}}},{"drop":null})";
  const Answer a = ask(rules(chain("in", "input", 0, "accept") + rule("in", masked)));
  EXPECT_EQ(answered_fate(a, "2001:db8::ffff:1"), Fate::dropped);
  EXPECT_EQ(answered_fate(a, "2001:db8:0:1::1"), Fate::open);
}

TEST(Reach, AJumpThatNeverEndsIsGivenUp) {
  std::string objects = chain("in", "input", 0, "drop") + R"(,{"chain":{"family":"inet","table":"t","name":"a"}})" +
                        rule("in", R"({"jump":{"target":"a"}})") + rule("a", R"({"jump":{"target":"a"}})");
  const Answer a = ask(rules(objects));
  EXPECT_FALSE(a.complete);
  EXPECT_EQ(answered_fate(a, "10.0.0.1"), Fate::unknown);
}

TEST(Reach, TenThousandNetworksAreJudgedInASecond) {
  std::string elements;
  for (int i = 0; i < 10'000; ++i) {
    elements += fmt::format(R"({}{{"prefix":{{"addr":"{}.{}.{}.0","len":24}}}})", i == 0 ? "" : ",", 11 + i / 4096 * 3,
                            i / 64 % 64 * 2, i % 64 * 4);
  }
  const std::string objects =
      chain("in", "input", 0, "drop") +
      fmt::format(
          R"(,{{"set":{{"family":"inet","name":"s","table":"t","type":"ipv4_addr","flags":["interval"],"elem":[{}]}}}})",
          elements) +
      rule(
          "in",
          fmt::format(
              R"({}{{"match":{{"op":"==","left":{{"payload":{{"protocol":"ip","field":"saddr"}}}},"right":"@s"}}}},{})",
              kImaps, kAccept));
  const auto begun = std::chrono::steady_clock::now();
  const Answer a = ask(rules(objects));
  EXPECT_EQ(answered_fate(a, "11.0.4.9"), Fate::open);
  EXPECT_EQ(answered_fate(a, "11.0.5.9"), Fate::dropped);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(2));  // one; the rest is for sanitizers
}

TEST(Reach, RandomRulesetsJudgeRandomPacketsAsTheOracleDoes) {
  const std::vector<IpAddress> sources = {ip("10.0.0.2"),      ip("10.0.0.3"),     ip("10.0.3.255"),
                                          ip("10.0.4.0"),      ip("192.0.2.7"),    ip("2001:db8:1::2"),
                                          ip("2001:db8:1::3"), ip("2001:db8:2::7")};
  const char* asked = std::getenv("GP_PROPERTY_ROUNDS");
  const int rounds = asked == nullptr ? 2000 : std::atoi(asked);
  int open = 0, closed = 0;
  for (int round = 0; round < rounds; ++round) {
    RandomRuleset random(static_cast<std::uint32_t>(round), sources, {"eth0", "wg0", "eth1"}, "tcp");
    const json::value made = random.make();
    const auto read = read_ruleset(json::serialize(made));
    ASSERT_TRUE(read) << read.error().detail << json::serialize(made);
    EXPECT_TRUE(read->notes.empty()) << read->notes.front();
    const Answer all = reach(*read, reach_host(), Question{});
    Oracle oracle(made);
    for (int i = 0; i < 40; ++i) {
      Packet p;
      p.source = sources[static_cast<std::size_t>(random.below(static_cast<int>(sources.size())))];
      p.destination = ip(p.v6() ? "2001:db8:1::1" : "198.51.100.1");
      p.dport = static_cast<std::uint16_t>(random.port() + random.below(2));
      p.interface = std::vector<std::string>{"eth0", "wg0", "tun0"}[static_cast<std::size_t>(random.below(3))];
      const std::string expected = oracle.verdict(p);
      // An interface that neither the host nor a rule names is "any other".
      Packet known = p;
      if (all.atoms.named(p.interface).empty()) known.interface = "";
      const Region* r = nullptr;
      for (const Region& one : all.regions) {
        const Values at = known.interface.empty() ? Values::of(all.atoms.all.size() - 1) : all.atoms.named(p.interface);
        if (one.v6 == p.v6() && one.sources.contains(number_of(p.source)) &&
            one.destinations.contains(number_of(p.destination)) && one.ports.contains(AddressNumber{p.dport}) &&
            one.source_ports.contains(AddressNumber{p.sport}) && !(one.interfaces & at).empty())
          r = &one;
      }
      ASSERT_NE(r, nullptr);
      const Fate wanted = expected == "accept" ? Fate::open : expected == "reject" ? Fate::refused : Fate::dropped;
      ASSERT_EQ(to_string(r->fate), to_string(wanted))
          << "seed " << round << ": " << p.source.to_string() << " to " << p.dport << " by " << p.interface << "\n"
          << json::serialize(made);
      (wanted == Fate::open ? open : closed) += 1;
    }
  }
  EXPECT_GT(open, rounds);
  EXPECT_GT(closed, rounds);
}

}  // namespace
}  // namespace gatepost::gate
