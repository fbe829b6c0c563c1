#include "gate/import/import.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include <fmt/format.h>

#include "config/load.hpp"
#include "gate/backend/export.hpp"

namespace gatepost::gate {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

AddressSet set(std::initializer_list<std::string_view> networks) {
  std::vector<Network> all;
  for (const auto& n : networks) all.push_back(*Network::parse(n));
  return set_of(all);
}

// As a mail server has it: open, limited, for networks of both families, at one address, with an exception.
Intent intent() {
  Intent out;
  out.ports.push_back({"smtp",
                       25,
                       AddressSet::all(),
                       {{"internet", AddressSet::all(), {}}},
                       30,
                       0,
                       config::GateLog::drops,
                       "Mail arrives here."});
  out.ports.push_back({"imap",
                       143,
                       AddressSet::all(),
                       {{"trusted", set({"10.20.0.0/16", "2001:db8:20::/48"}), {}}},
                       0,
                       0,
                       config::GateLog::none,
                       ""});
  out.ports.push_back({"submissions",
                       465,
                       all_v4(),
                       {{"internet", AddressSet::all(), {}}},
                       0,
                       0,
                       config::GateLog::drops,
                       "It's sent here."});
  out.ports.push_back({"submission",
                       587,
                       set({"198.51.100.1", "2001:db8::1"}),
                       {{"group-filter", set({"203.0.113.0/24"}), {}}},
                       0,
                       0,
                       config::GateLog::drops,
                       ""});
  out.ports.push_back(
      {"imaps",
       993,
       AddressSet::all(),
       {{"trusted", set({"10.20.0.0/16", "2001:db8:20::/48"}), {}},
        {"vpn", AddressSet(number_of(*IpAddress::parse("10.30.0.5")), number_of(*IpAddress::parse("10.30.0.9"))), {}},
        {"exception-1", set({"203.0.113.9"}), TimePoint{} + std::chrono::hours(500'000)}},
       0,
       200,
       config::GateLog::all,
       ""});
  return out;
}

Proposal imported(std::string_view format, std::vector<importing::File> files) {
  for (const ImportFormat& f : import_formats()) {
    if (f.name != format) continue;
    auto material = f.read(files);
    if (material) return propose(*std::move(material));
    ADD_FAILURE() << material.error().detail;
    return {};
  }
  ADD_FAILURE() << format;
  return {};
}

std::string exported(std::string_view name, const Intent& i) {
  for (const Format& f : formats()) {
    if (f.name == name) return f.write(i, TimePoint{} + std::chrono::hours(490'000)).text;
  }
  ADD_FAILURE() << name;
  return {};
}

// Whoever may connect to `port` at an address of `at`.
AddressSet admitted(const std::vector<PortIntent>& ports, std::uint16_t port, const AddressSet& at) {
  AddressSet out;
  for (const PortIntent& p : ports) {
    if (p.port != port || (p.destinations & at).empty()) continue;
    for (const Opening& o : p.openings) out = out | o.sources;
  }
  // An address of one family is never a source for one of the other.
  return out & (all_v4().contains(at) ? all_v4() : all_v6());
}

// The same sources for every port, at the server's addresses and at others.
void expect_same_meaning(const Intent& was, const std::vector<PortIntent>& is, std::string_view what,
                         bool destinations = true) {
  for (const char* at : {"198.51.100.1", "2001:db8::1", "192.0.2.77", "2001:db8:77::1"}) {
    if (!destinations && std::string_view(at).find("77") != std::string_view::npos) continue;
    for (std::uint16_t port = 1; port < 1100; ++port) {
      const AddressSet here = AddressSet::of(number_of(*IpAddress::parse(at)));
      EXPECT_TRUE(admitted(was.ports, port, here) == admitted(is, port, here))
          << what << ": " << port << " at " << at << ": " << text_of(admitted(was.ports, port, here)) << " became "
          << text_of(admitted(is, port, here));
    }
  }
}

const PortIntent* port_of(const Proposal& p, std::uint16_t port) {
  for (const PortIntent& one : p.ports) {
    if (one.port == port) return &one;
  }
  return nullptr;
}

TEST(Import, WhatWasExportedComesBackWithItsMeaning) {
  for (const std::string format : {"pf", "windows", "azure"}) {
    const Proposal p = imported(format, {{"file", exported(format, intent())}});
    expect_same_meaning(intent(), p.ports, format);
  }
  // These cannot say at which address; their losses tell.
  for (const std::string format : {"aws", "kubernetes"}) {
    const Proposal p = imported(format, {{"file", exported(format, intent())}});
    Intent wide = intent();
    for (PortIntent& port : wide.ports) port.destinations = AddressSet::all();
    expect_same_meaning(wide, p.ports, format, false);
  }
  const Proposal p = imported(
      "iptables", {{"rules.v4", exported("iptables", intent())}, {"rules.v6", exported("ip6tables", intent())}});
  expect_same_meaning(intent(), p.ports, "iptables");
  EXPECT_THAT(p.losses, testing::Each(HasSubstr("no rule judges it")));
  EXPECT_EQ(p.scope, config::Gate::Scope::own_ports);
  // Names, limits and reasons where the format has them.
  ASSERT_NE(port_of(p, 993), nullptr);
  EXPECT_EQ(port_of(p, 993)->service, "imaps");
  EXPECT_EQ(port_of(p, 993)->max_connections, 200U);
  EXPECT_EQ(port_of(p, 25)->per_minute, 30U);
  EXPECT_EQ(port_of(imported("pf", {{"f", exported("pf", intent())}}), 25)->per_minute, 30U);
  EXPECT_EQ(port_of(imported("aws", {{"f", exported("aws", intent())}}), 25)->reason, "Mail arrives here.");
}

TEST(Import, TheProposedConfigurationMeansTheSame) {
  const Proposal p = imported(
      "iptables", {{"rules.v4", exported("iptables", intent())}, {"rules.v6", exported("ip6tables", intent())}});
  const std::string text = "[server]\nhostname = \"mail.example.org\"\ndata_dir = \"/var/lib/gatepost\"\n" +
                           configuration_text(p, "iptables");
  const config::LoadOutcome loaded = config::load_text(text, "proposed.toml");
  for (const auto& problem : loaded.problems)
    EXPECT_NE(problem.severity, config::Severity::error) << problem.text() << "\n" << text;
  ASSERT_TRUE(loaded.ok());
  const auto policies = port_policies(loaded.config, std::nullopt, TimePoint{});
  Intent back = intent_of(loaded.config, policies);
  std::erase_if(back.ports, [](const PortIntent& one) { return one.service == "metrics"; });
  expect_same_meaning(intent(), back.ports, "configuration");
  // Two listeners share a list of networks only where they have the same.
  EXPECT_THAT(text, Not(HasSubstr("[[networks.group]]")));
  EXPECT_THAT(text, HasSubstr("[listener.pop3]\naudience = \"off\""));
}

TEST(Import, NetworksThatListenersShareGetAName) {
  const Proposal p = imported("iptables", {{"v4",
                                            "*filter\n:INPUT DROP [0:0]\n"
                                            "-A INPUT -s 10.0.0.0/8 -p tcp -m multiport --dports 143,993 -j ACCEPT\n"
                                            "-A INPUT -s 192.0.2.5/32 -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n"}});
  const std::string text = configuration_text(p, "iptables");
  EXPECT_THAT(text, HasSubstr("[[networks.group]]\nname = \"imported-1\"\nnetworks = [\"10.0.0.0/8\"]"));
  EXPECT_THAT(text, HasSubstr("audience = \"named\"\ngroups = [\"imported-1\"]"));
  EXPECT_THAT(text, HasSubstr("[networks]\nadmin = [\"192.0.2.5\"]"));
  EXPECT_TRUE(config::load_text("[server]\nhostname = \"mail.example.org\"\ndata_dir = \"/var/lib/gatepost\"\n" + text,
                                "proposed.toml")
                  .ok())
      << text;
  EXPECT_EQ(p.scope, config::Gate::Scope::host);
  EXPECT_THAT(p.losses, Contains(HasSubstr("nothing was said of IPv6")));
  EXPECT_THAT(p.losses, Contains(HasSubstr("port 22 is open to 192.0.2.5: no service of Gatepost")));
}

TEST(Import, NeverOpensWhatMayBeClosed) {
  const std::string head = "*filter\n:INPUT DROP [0:0]\n";
  for (const char* rule : {"-A INPUT -m set --match-set office src -p tcp -m tcp --dport 993 -j ACCEPT\n",
                           "-A INPUT -i eth1 -p tcp -m tcp --dport 993 -j ACCEPT\n",
                           "-A INPUT -p tcp -m tcp --sport 1000 --dport 993 -j ACCEPT\n",
                           "-A INPUT -p tcp -m tcp --dport 993 -m time --timestart 08:00 -j ACCEPT\n",
                           "-A INPUT -p udp -m udp --dport 993 -j ACCEPT\n"}) {
    const Proposal p = imported("iptables", {{"v4", head + rule + "COMMIT\n"}});
    EXPECT_EQ(port_of(p, 993), nullptr) << rule;
    EXPECT_GE(p.losses.size(), std::string_view(rule).find("udp") == std::string_view::npos ? 2u : 1u) << rule;
  }
  const Proposal wide = imported(
      "iptables",
      {{"v4",
        head + "-A INPUT -s 10.0.0.0/8 -p tcp -j ACCEPT\n-A INPUT -p tcp -m tcp --dport 25 -j ACCEPT\nCOMMIT\n"}});
  EXPECT_THAT(wide.losses, Contains(HasSubstr("are open to 10.0.0.0/8: no listener can be that wide")));
  EXPECT_NE(port_of(wide, 25), nullptr);
}

TEST(Import, TenThousandNetworksTakeNoTime) {
  std::string iptables = "*filter\n:INPUT DROP [0:0]\n";
  std::string addresses;
  for (int i = 0; i < 10'000; ++i) {
    // Every second /24: nothing of them can be taken together.
    const std::string network = fmt::format("{}.{}.{}.0/24", 11 + i / 25'000, i / 128 % 256, i * 2 % 256);
    iptables += fmt::format("-A INPUT -s {} -p tcp -m tcp --dport 993 -j ACCEPT\n", network);
    addresses += fmt::format("{}'{}'", i == 0 ? "" : ",", network);
  }
  const auto began = std::chrono::steady_clock::now();
  const Proposal p = imported("iptables", {{"v4", iptables + "COMMIT\n"}});
  ASSERT_EQ(p.ports.size(), 1u);
  EXPECT_GT(networks_of(p.ports[0].openings.at(0).sources).size(), 5'000u);
  const Proposal w =
      imported("windows", {{"f", fmt::format("New-NetFirewallRule -DisplayName 'x' -Direction Inbound -Protocol TCP "
                                             "-LocalPort 993 -RemoteAddress @({}) -Action Allow\n",
                                             addresses)}});
  ASSERT_EQ(w.ports.size(), 1u);
  EXPECT_TRUE(w.ports[0].openings.at(0).sources == p.ports[0].openings.at(0).sources);
  // Below a second with nothing else to do; the bound is for machines that are busy.
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(60));
}

TEST(Import, OverlappingAndInvertedRanges) {
  const Proposal p = imported(
      "windows", {{"f",
                   "New-NetFirewallRule -DisplayName x -Protocol TCP -LocalPort 993,990-995 -RemoteAddress "
                   "10.0.0.0/8,10.1.0.0/255.255.0.0,192.0.2.9-192.0.2.5,192.0.2.5-192.0.2.9,10.2.3.4/16 -Action Allow\n"
                   "New-NetFirewallRule -DisplayName y -Protocol TCP -LocalPort 995-990 -Action Allow\n"}});
  ASSERT_NE(port_of(p, 993), nullptr);
  EXPECT_EQ(text_of(port_of(p, 993)->openings.at(0).sources), "10.0.0.0/8, 192.0.2.5-192.0.2.9");
  EXPECT_THAT(p.losses, Contains(HasSubstr("\"192.0.2.9-192.0.2.5\" is no address, network or range")));
  EXPECT_THAT(p.losses, Contains(HasSubstr("the local port 995-990")));
  EXPECT_TRUE(port_of(p, 990) != nullptr && port_of(p, 996) == nullptr);
}

TEST(Import, WindowsBlocksBeforeItAllows) {
  const Proposal p = imported("windows", {{"f",
                                           "# exported\nNew-NetFirewallRule -Name 'a' -DisplayName 'mail, \"in\"' `\n  "
                                           "-Direction Inbound -Protocol TCP -LocalPort @('25', '993') "
                                           "-Action Allow\nnew-netfirewallrule -DisplayName \"bad\" -Direction Inbound "
                                           "-Action Block -Protocol Any -RemoteAddress '203.0.113.0/24'\n"
                                           "New-NetFirewallRule -DisplayName off -Enabled False -Direction Inbound "
                                           "-Protocol TCP -LocalPort 143 -Action Allow\n"
                                           "New-NetFirewallRule -DisplayName sub -Direction Inbound -Protocol TCP "
                                           "-LocalPort 587 -RemoteAddress LocalSubnet -Action Allow\n"}});
  ASSERT_NE(port_of(p, 993), nullptr);
  EXPECT_FALSE(port_of(p, 993)->openings[0].sources.contains(number_of(*IpAddress::parse("203.0.113.9"))));
  EXPECT_TRUE(port_of(p, 993)->openings[0].sources.contains(all_v6()));
  EXPECT_EQ(port_of(p, 143), nullptr);
  EXPECT_EQ(port_of(p, 587), nullptr);
  EXPECT_THAT(p.losses, Contains(HasSubstr("the keyword LocalSubnet")));
  EXPECT_EQ(port_of(p, 25)->reason, "mail, \"in\"");
}

TEST(Import, PfLetsTheLastMatchCountUnlessItIsQuick) {
  const Proposal p =
      imported("pf", {{"pf.conf",
                       "ext = \"em0\"\nmail = \"{ smtp, imaps }\"\ntable <office> persist { 10.20.0.0/16, "
                       "!10.20.9.0/24,\n 2001:db8:20::/48 }\n"
                       "block in log all\npass in proto tcp from any to (self) port $mail keep state  # mail\n"
                       "block in quick proto tcp from 203.0.113.0/24 to any port 993\n"
                       "pass in quick inet proto { tcp udp } from <office> to any port 143 flags S/SA\n"
                       "pass in on $ext proto tcp to any port 110\npass out all\n"
                       "block in proto tcp from 192.0.2.0/24 to any port smtp\n"}});
  EXPECT_EQ(p.scope, config::Gate::Scope::host);
  const auto reaches = [&](std::uint16_t port, const char* source) {
    return port_of(p, port) != nullptr &&
           port_of(p, port)->openings[0].sources.contains(number_of(*IpAddress::parse(source)));
  };
  EXPECT_TRUE(reaches(993, "198.51.100.9") && !reaches(993, "203.0.113.9"));
  EXPECT_TRUE(reaches(25, "203.0.113.9") && !reaches(25, "192.0.2.9"));
  EXPECT_TRUE(reaches(143, "10.20.1.1") && !reaches(143, "10.20.9.1") && !reaches(143, "2001:db8:20::1"));
  EXPECT_EQ(port_of(p, 110), nullptr);
  EXPECT_EQ(port_of(p, 993)->reason, "mail");
}

TEST(Import, FirewalldZonesHaveAnOrderOfTheirOwn) {
  const std::string zone = R"(<?xml version="1.0" encoding="utf-8"?>
<zone target="DROP">
  <short>Mail &amp; more</short>
  <service name="imaps"/>
  <port port="2525" protocol="tcp"/>
  <port port="993" protocol="udp"/>
  <rule family="ipv4"><source address="10.20.0.0/16"/><port port="143" protocol="tcp"/><accept/></rule>
  <rule family="ipv4"><source ipset="bad"/><service name="imaps"/><log prefix="x" level="info"/><reject type="icmp-port-unreachable"/></rule>
  <rule priority="-10" family="ipv4"><source address="203.0.113.9"/><service name="imaps"/><accept/></rule>
  <rule><service name="no-such"/><accept/></rule>
</zone>)";
  const Proposal p =
      imported("firewalld",
               {{"public.xml", zone},
                {"bad.xml", "<ipset type=\"hash:net\"><entry>203.0.113.0/24</entry><entry>192.0.2.1</entry></ipset>"}});
  const auto& imaps = port_of(p, 993)->openings[0].sources;
  EXPECT_TRUE(imaps.contains(number_of(*IpAddress::parse("203.0.113.9"))));
  EXPECT_FALSE(imaps.contains(number_of(*IpAddress::parse("203.0.113.10"))));
  EXPECT_TRUE(imaps.contains(all_v6()));
  EXPECT_EQ(text_of(port_of(p, 143)->openings[0].sources), "10.20.0.0/16");
  EXPECT_NE(port_of(p, 2525), nullptr);
  EXPECT_THAT(p.losses, Contains(HasSubstr("the service no-such")));
  EXPECT_EQ(p.scope, config::Gate::Scope::host);
}

TEST(Import, UfwRulesAreOfBothFamilies) {
  const std::string v4 =
      "*filter\n:ufw-user-input - [0:0]\n:ufw-user-limit - [0:0]\n:ufw-user-limit-accept - [0:0]\n### RULES ###\n\n"
      "### tuple ### allow tcp 993 0.0.0.0/0 any 10.20.0.0/16 in comment=67703a696d617073\n-A ufw-user-input -p tcp "
      "--dport 993 -s 10.20.0.0/16 -j ACCEPT\n\n"
      "### tuple ### limit tcp 22 0.0.0.0/0 any 0.0.0.0/0 in\n-A ufw-user-input -p tcp --dport 22 -m conntrack "
      "--ctstate NEW -m recent --set\n"
      "-A ufw-user-input -p tcp --dport 22 -m conntrack --ctstate NEW -m recent --update --seconds 30 --hitcount 6 -j "
      "ufw-user-limit\n"
      "-A ufw-user-input -p tcp --dport 22 -j ufw-user-limit-accept\n### END RULES ###\n"
      "-A ufw-user-limit -m limit --limit 3/minute -j LOG --log-prefix \"[UFW LIMIT BLOCK] \"\n-A ufw-user-limit -j "
      "REJECT\n-A ufw-user-limit-accept -j ACCEPT\nCOMMIT\n";
  const std::string v6 =
      "*filter\n:ufw6-user-input - [0:0]\n-A ufw6-user-input -p tcp --dport 993 -s 2001:db8:20::/48 -j "
      "ACCEPT\nCOMMIT\n";
  const Proposal p = imported("ufw", {{"user.rules", v4}, {"user6.rules", v6}});
  EXPECT_EQ(text_of(port_of(p, 993)->openings[0].sources), "10.20.0.0/16; 2001:db8:20::/48");
  EXPECT_NE(port_of(p, 22), nullptr);
}

TEST(Import, CloudsSayWhatTheyCannot) {
  const Proposal aws = imported("aws", {{"f", R"({"SecurityGroups":[{"GroupId":"sg-1","IpPermissions":[
    {"IpProtocol":"tcp","FromPort":993,"ToPort":995,"IpRanges":[{"CidrIp":"10.0.0.0/8","Description":"office"}],"Ipv6Ranges":[],"UserIdGroupPairs":[{"GroupId":"sg-2"}]},
    {"IpProtocol":"-1","IpRanges":[{"CidrIp":"192.0.2.5/32"}]},{"IpProtocol":"udp","FromPort":25,"ToPort":25,"IpRanges":[{"CidrIp":"0.0.0.0/0"}]}]}]})"}});
  EXPECT_TRUE(port_of(aws, 994) != nullptr && port_of(aws, 25) == nullptr);
  EXPECT_EQ(text_of(port_of(aws, 993)->openings[0].sources | port_of(aws, 993)->openings.back().sources),
            "10.0.0.0/8, 192.0.2.5");
  EXPECT_THAT(aws.losses, Contains(HasSubstr("other security groups")));
  const Proposal azure = imported("azure", {{"f", R"({"securityRules":[
    {"name":"b","priority":200,"direction":"Inbound","access":"Allow","protocol":"Tcp","sourcePortRange":"*","sourceAddressPrefix":"*","destinationAddressPrefix":"*","destinationPortRanges":["993","110-111"]},
    {"name":"a","priority":100,"direction":"Inbound","access":"Deny","protocol":"*","sourcePortRange":"*","sourceAddressPrefix":"203.0.113.0/24","destinationAddressPrefix":"*","destinationPortRange":"*"},
    {"name":"c","priority":300,"direction":"Inbound","access":"Allow","protocol":"Tcp","sourcePortRange":"*","sourceAddressPrefix":"VirtualNetwork","destinationAddressPrefix":"*","destinationPortRange":"143"}]})"}});
  EXPECT_FALSE(port_of(azure, 993)->openings[0].sources.contains(number_of(*IpAddress::parse("203.0.113.9"))));
  EXPECT_TRUE(port_of(azure, 111) != nullptr && port_of(azure, 143) == nullptr);
  EXPECT_THAT(azure.losses, Contains(HasSubstr("the tag VirtualNetwork")));
  const Proposal pods =
      imported("kubernetes", {{"f",
                               "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: \"mail\" # "
                               "ours\nspec:\n  podSelector: {}\n  policyTypes: [Ingress]\n"
                               "  ingress:\n  - from:\n    - ipBlock:\n        cidr: 10.0.0.0/8\n        except:\n     "
                               "   - 10.9.0.0/16\n    - namespaceSelector: {}\n"
                               "    ports:\n    - port: 993\n      protocol: TCP\n    - port: 143\n      endPort: "
                               "144\n  - ports:\n    - {}\n---\nkind: Service\n"}});
  EXPECT_THAT(pods.losses, Contains(HasSubstr("pods or namespaces")));
  EXPECT_NE(port_of(pods, 144), nullptr);
}

TEST(Import, WhatIsNoneOfTheFormatIsRefused) {
  for (const ImportFormat& f : import_formats()) {
    for (const char* wrong :
         {"", "hello\n", "{}", "<a/>", "[]", "*filter\nCOMMIT\n", "key: value\n", "<zone>", "New-", "\"\n"})
      EXPECT_FALSE(f.read({{"file", wrong}}) && f.name != "kubernetes" && f.name != "azure") << f.name << ": " << wrong;
  }
}

}  // namespace
}  // namespace gatepost::gate
