#include "gate/ruleset/iptables_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "gate/ruleset/address_text.hpp"
#include "gate/ruleset/hidden.hpp"
#include "gate/ruleset/reader.hpp"

namespace gatepost::gate {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

Host iptables_host() {
  Host h;
  h.interfaces = {"lo", "eth0", "wg0"};
  h.addresses = set_of({*Network::parse("127.0.0.0/8"), *Network::parse("::1"), *Network::parse("198.51.100.1"),
                        *Network::parse("2001:db8:1::1")});
  return h;
}

Ruleset input(std::string_view rules, std::string_view policy = "DROP", bool v6 = false) {
  const std::string text = fmt::format("*filter\n:INPUT {} [0:0]\n:mine - [0:0]\n{}COMMIT\n", policy, rules);
  auto read = read_iptables(v6 ? IptablesListings{"", text} : IptablesListings{text, ""});
  if (!read) {
    ADD_FAILURE() << read.error().detail;
    return {};
  }
  return *std::move(read);
}

Fate ruleset_fate(const Ruleset& rules, std::string_view source, std::uint16_t port,
                  std::string_view interface = "eth0") {
  Question q;
  q.ports = Values::of(port);
  const Answer a = reach(rules, iptables_host(), q);
  const IpAddress from = *IpAddress::parse(source);
  for (const Region& r : a.regions) {
    if (r.v6 != from.is_v4() && r.sources.contains(number_of(from)) &&
        !(r.interfaces & a.atoms.named(interface)).empty())
      return r.fate;
  }
  ADD_FAILURE() << "no region for " << source;
  return Fate::unknown;
}

TEST(AddressText, HasAllWaysToWriteThem) {
  EXPECT_TRUE(*addresses_in("10.1.2.3/8") == set_of(*Network::parse("10.0.0.0/8")));
  EXPECT_TRUE(*addresses_in("10.0.0.0/255.0.0.0") == set_of(*Network::parse("10.0.0.0/8")));
  EXPECT_TRUE(*addresses_in("0.0.0.0/0") == all_v4());
  EXPECT_TRUE(*addresses_in("::/0") == all_v6());
  EXPECT_TRUE(*addresses_in("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == all_v6());
  for (const char* none :
       {"", "10.0.0.0/33", "10.0.0.0/255.0.255.0", "10.0.0.9-10.0.0.1", "10.0.0.1-::1", "host", "10.0.0.1/", "-"})
    EXPECT_FALSE(addresses_in(none)) << none;
  EXPECT_TRUE(*ports_in(":1023") == PortSet(0, 1023));
  EXPECT_TRUE(*ports_in("1024:") == PortSet(1024, 65535));
  for (const char* none : {"", ":", "65536", "5-4", "imap"}) EXPECT_FALSE(ports_in(none)) << none;
}

TEST(IptablesReader, ExtensionsSayWhatTheyWereTold) {
  const Ruleset r = input(
      "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
      "-A INPUT -i lo -j ACCEPT\n"
      "-A INPUT -s 10.0.0.0/8 -p tcp -m multiport --dports 25,143,990:995 -m comment --comment \"the \\\"office\\\"\" "
      "-j ACCEPT\n"
      "-A INPUT -p tcp -m iprange --src-range 192.0.2.5-192.0.2.9 -m tcp --dport 25 -j REJECT --reject-with tcp-reset\n"
      "-A INPUT -p tcp -m tcp --dport 443 --tcp-flags FIN,SYN,RST,ACK SYN -m addrtype --dst-type LOCAL -j ACCEPT\n"
      "-A INPUT ! -s 203.0.113.0/24 -p tcp -m state --state NEW -m tcp --dport 80 -j ACCEPT\n"
      "-A INPUT -p udp -m pkttype --pkt-type broadcast -j DROP\n"
      "-A INPUT -i wg+ -g mine\n"
      "-A mine -p tcp -m tcp --dport 22 -j ACCEPT\n");
  EXPECT_THAT(r.notes, IsEmpty());
  EXPECT_EQ(ruleset_fate(r, "10.1.2.3", 993), Fate::open);
  EXPECT_EQ(ruleset_fate(r, "10.1.2.3", 996), Fate::dropped);
  EXPECT_EQ(ruleset_fate(r, "192.0.2.9", 25), Fate::refused);
  EXPECT_EQ(ruleset_fate(r, "192.0.2.10", 25), Fate::dropped);
  EXPECT_EQ(ruleset_fate(r, "203.0.113.9", 443), Fate::open);
  EXPECT_EQ(ruleset_fate(r, "203.0.113.9", 80), Fate::dropped);
  EXPECT_EQ(ruleset_fate(r, "203.0.114.0", 80), Fate::open);
  EXPECT_EQ(ruleset_fate(r, "203.0.113.9", 22, "wg0"), Fate::open);
  EXPECT_EQ(ruleset_fate(r, "203.0.113.9", 22), Fate::dropped);
  EXPECT_EQ(r.chains[0].rules[2].comment, "the \"office\"");
}

TEST(IptablesReader, LimitsMakeItConditionalAndCarryTheirNumber) {
  const Ruleset r = input(
      "-A INPUT -p tcp -m tcp --dport 25 -m hashlimit --hashlimit-above 30/min --hashlimit-burst 30 --hashlimit-mode "
      "srcip "
      "--hashlimit-name a -j DROP\n"
      "-A INPUT -p tcp -m tcp --dport 25 -m connlimit --connlimit-above 200 --connlimit-mask 0 --connlimit-saddr -j "
      "DROP\n"
      "-A INPUT -p tcp -m tcp --dport 25 -j ACCEPT\n"
      "-A INPUT -m limit --limit 5/sec -j LOG --log-prefix \"dropped: \"\n"
      "-A INPUT -p tcp -m tcp --dport 22 -m recent --update --seconds 30 --hitcount 6 --name DEFAULT --rsource -j "
      "DROP\n"
      "-A INPUT -p tcp -m tcp --dport 22 -m time --timestart 08:00:00 --timestop 17:00:00 -j ACCEPT\n");
  EXPECT_THAT(r.notes, IsEmpty());
  EXPECT_EQ(ruleset_fate(r, "10.0.0.1", 25), Fate::may);
  EXPECT_EQ(ruleset_fate(r, "10.0.0.1", 22), Fate::may);
  EXPECT_EQ(ruleset_fate(r, "10.0.0.1", 23), Fate::dropped);
  const auto limit = [&](std::size_t rule) {
    for (const Statement& s : r.chains[0].rules[rule].statements) {
      if (const auto* d = std::get_if<Depends>(&s)) return *d;
    }
    return Depends{Field::time};
  };
  EXPECT_EQ(limit(0).per_minute, 30U);
  EXPECT_EQ(limit(1).connections, 200U);
}

TEST(IptablesReader, WhatIsNotKnownIsUnknownAndNeverClosed) {
  for (const char* odd :
       {"-A INPUT -m set --match-set bad src -j DROP\n", "-A INPUT -m mac --mac-source 02:00:00:00:00:01 -j DROP\n",
        "-A INPUT -j NFQUEUE --queue-num 0\n", "-A INPUT -m bpf --bytecode 1 -j DROP\n", "-A INPUT -j nowhere\n",
        "-A INPUT -s host.example -j DROP\n", "-A INPUT -p tcp -m tcp --dport imap --wonder -j DROP\n"}) {
    EXPECT_EQ(ruleset_fate(input(odd, "ACCEPT"), "10.0.0.1", 993), Fate::unknown) << odd;
  }
  EXPECT_THAT(input("-A INPUT -m set --match-set bad src -j DROP\n").notes,
              Contains(HasSubstr("match set of iptables")));
}

TEST(IptablesReader, RoutingHeadersOfTypeZeroNeverArrive) {
  EXPECT_EQ(ruleset_fate(input("-A INPUT -m rt --rt-type 0 -j DROP\n", "ACCEPT", true), "2001:db8::9", 993),
            Fate::open);
  EXPECT_EQ(ruleset_fate(input("-A INPUT -m rt --rt-type 2 -j DROP\n", "ACCEPT", true), "2001:db8::9", 993),
            Fate::unknown);
}

TEST(IptablesReader, SetsOfIpsetAreLookedUp) {
  const std::string text =
      "*filter\n:INPUT DROP [0:0]\n-A INPUT -m set --match-set office src -p tcp -m tcp --dport 993 -j ACCEPT\n"
      "-A INPUT -m set ! --match-set bad src -p tcp -m tcp --dport 25 -j ACCEPT\n"
      "-A INPUT -m set --match-set pairs src,dst -j ACCEPT\nCOMMIT\n";
  const std::string sets =
      "create office hash:net family inet hashsize 1024 maxelem 65536\nadd office 10.0.0.0/8\nadd office 10.9.0.0/16 "
      "nomatch\n"
      "create bad hash:ip family inet hashsize 1024 maxelem 65536 timeout 600\nadd bad 203.0.113.9 timeout 300\n"
      "create pairs hash:ip,port family inet hashsize 1024 maxelem 65536\nadd pairs 10.0.0.1,tcp:993\n";
  const auto r = read_iptables({text, "", sets});
  ASSERT_TRUE(r) << r.error().detail;
  EXPECT_EQ(ruleset_fate(*r, "10.1.0.1", 993), Fate::open);
  EXPECT_EQ(ruleset_fate(*r, "11.0.0.1", 993), Fate::unknown);  // of the third rule nobody knows
  EXPECT_EQ(ruleset_fate(*r, "203.0.113.10", 25), Fate::open);
  const auto two =
      read_iptables({text.substr(0, text.find("-A INPUT -m set --match-set pairs")) + "COMMIT\n", "", sets});
  EXPECT_EQ(ruleset_fate(*two, "10.1.0.1", 993), Fate::open);
  EXPECT_EQ(ruleset_fate(*two, "10.9.0.1", 993), Fate::dropped);
  EXPECT_EQ(ruleset_fate(*two, "203.0.113.9", 25), Fate::dropped);
  EXPECT_EQ(ruleset_fate(*read_iptables({text, ""}), "10.1.0.1", 993), Fate::unknown);
  EXPECT_FALSE(read_iptables({text, "", "hello there you\n"}));
}

TEST(IptablesReader, TranslationsAreFollowed) {
  const std::string text =
      "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 8993 -j REDIRECT --to-ports 993\n"
      "-A PREROUTING ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80\nCOMMIT\n"
      "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 993 -j ACCEPT\nCOMMIT\n";
  const auto r = read_iptables({text, ""});
  ASSERT_TRUE(r);
  EXPECT_EQ(ruleset_fate(*r, "10.0.0.1", 8993), Fate::open);
  EXPECT_EQ(ruleset_fate(*r, "10.0.0.1", 8080), Fate::forwarded);
  EXPECT_EQ(ruleset_fate(*r, "10.0.0.1", 8081), Fate::dropped);
}

TEST(IptablesReader, WhatIsNoListingIsRefused) {
  for (const char* wrong : {"hello\n", "*filter\nhello there\n", "*filter\n-A INPUT -m comment --comment \"x\n", "*\n"})
    EXPECT_FALSE(read_iptables({wrong, ""})) << wrong;
  EXPECT_EQ(input("-I INPUT 1 -s 10.0.0.1 -j DROP\n-I INPUT -s 10.0.0.1 -j ACCEPT\n").chains[0].rules.size(), 2u);
}

TEST(IptablesReader, LendsTheNftListingWhatExtensionsWereTold) {
  const std::string nft =
      R"({"nftables":[{"chain":{"family":"ip","table":"filter","name":"INPUT","type":"filter","hook":"input","prio":0,"policy":"accept"}},)"
      R"({"rule":{"family":"ip","table":"filter","chain":"INPUT","handle":4,"expr":[{"xt":{"type":"match","name":"multiport"}},{"counter":{"packets":0,"bytes":0}},{"drop":null}]}}]})";
  const std::string saved =
      "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m multiport --dports 143,993 -j DROP\nCOMMIT\n";
  EXPECT_EQ(ruleset_fate(*read_ruleset(nft), "10.0.0.1", 993), Fate::unknown);
  const auto lent = read_ruleset(nft, {saved, ""});
  EXPECT_THAT(lent->notes, IsEmpty());
  EXPECT_EQ(ruleset_fate(*lent, "10.0.0.1", 993), Fate::dropped);
  EXPECT_EQ(ruleset_fate(*lent, "10.0.0.1", 994), Fate::open);
  EXPECT_EQ(lent->chains[0].rules[0].handle, 4u);
  // A listing of another moment does not fit.
  EXPECT_EQ(ruleset_fate(*read_ruleset(nft, {"*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n", ""}), "10.0.0.1", 993),
            Fate::unknown);
}

std::vector<Hidden> hidden(std::string_view rules, std::string_view policy = "DROP") {
  bool complete = false;
  auto out = hidden_rules(input(rules, policy), iptables_host(), complete);
  EXPECT_TRUE(complete);
  return out;
}

TEST(HiddenRules, AreNamedWithWhatHidesThem) {
  const auto found = hidden(
      "-A INPUT -p tcp -m tcp --dport 25 -j ACCEPT\n"
      "-A INPUT -s 203.0.113.9 -p tcp -m tcp --dport 25 -j DROP\n"
      "-A INPUT -s 10.0.0.0/9 -p tcp -m tcp --dport 993 -j ACCEPT\n"
      "-A INPUT -s 10.128.0.0/9 -p tcp -m tcp --dport 993 -j ACCEPT\n"
      "-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 993 -j ACCEPT\n");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].rule, (Step{0, 1, false}));
  EXPECT_TRUE(found[0].opposite);
  EXPECT_EQ(found[0].by, (std::vector<Step>{{0, 0, false}}));
  EXPECT_TRUE(found[0].ports == Values::of(25));
  EXPECT_EQ(found[1].rule, (Step{0, 4, false}));
  EXPECT_FALSE(found[1].opposite);
  EXPECT_EQ(found[1].by.size(), 2u);
}

TEST(HiddenRules, InChainsThatAreJumpedToForSomethingElse) {
  const auto found = hidden(
      "-A INPUT -p tcp -m tcp --dport 993 -j mine\n-A mine -s 10.0.0.0/8 -j ACCEPT\n"
      "-A mine -p tcp -m tcp --dport 25 -j ACCEPT\n");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].rule, (Step{1, 1, false}));
  EXPECT_TRUE(found[0].opposite);
  EXPECT_EQ(found[0].by, (std::vector<Step>{{0, kPolicy, false}}));
}

TEST(HiddenRules, AreNeverGuessed) {
  // Established connections, other protocols, limits, and what may match or not.
  EXPECT_THAT(hidden("-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\n-A INPUT -p icmp -j ACCEPT\n"
                     "-A INPUT -m limit --limit 5/sec -j ACCEPT\n-A INPUT -s 10.0.0.1 -j ACCEPT\n"
                     "-A INPUT -m mac --mac-source 02:00:00:00:00:01 -j DROP\n-A INPUT -s 10.0.0.2 -j ACCEPT\n"
                     "-A INPUT -d 192.0.2.200 -j ACCEPT\n"),
              IsEmpty());
}

}  // namespace
}  // namespace gatepost::gate
