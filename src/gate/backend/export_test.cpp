#include "gate/backend/export.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "gate/backend/nft_table.hpp"

namespace gatepost::gate {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

Intent intent() {
  Intent out;
  out.ports.push_back({"smtp",
                       25,
                       AddressSet::all(),
                       {{"internet", AddressSet::all(), {}}},
                       30,
                       0,
                       config::GateLog::drops,
                       "Mail from other servers arrives here."});
  out.ports.push_back({"imaps",
                       993,
                       AddressSet::all(),
                       {{"trusted", set_of({*Network::parse("10.20.0.0/16"), *Network::parse("2001:db8::/32")}), {}},
                        {"exception-1", set_of({*Network::parse("203.0.113.9")}), TimePoint{} + std::chrono::hours(2)}},
                       0,
                       200,
                       config::GateLog::none,
                       "It's read here"});
  return out;
}

Export exported(std::string_view name, const Intent& i = intent()) {
  for (const Format& f : formats()) {
    if (f.name == name) return f.write(i, TimePoint{} + std::chrono::hours(1));
  }
  ADD_FAILURE() << name;
  return {};
}

TEST(NftTable, EveryRuleSaysWhoseItIsAndWhy) {
  const NftTable table = nft_table(intent(), 42, TimePoint{} + std::chrono::hours(1));
  for (const NftChain& chain : table.chains) {
    for (const std::string& rule : chain.rules) EXPECT_THAT(rule, HasSubstr(" comment \"gp:"));
  }
  EXPECT_EQ(parse_marker(table.chains[0].name), (Marker{42, intent().hash()}));
  // An hour is left of the exception, and the kernel forgets it then.
  EXPECT_THAT(table.text(), HasSubstr("203.0.113.9 timeout 3600s"));
  EXPECT_EQ(table.text(), nft_table(intent(), 42, TimePoint{} + std::chrono::hours(1)).text());
}

TEST(NftTable, OtherPortsAreLeftAloneUnlessTheHostIsAsked) {
  EXPECT_THAT(nft_table(intent(), 1, TimePoint{}).text(), HasSubstr("policy accept"));
  Intent host = intent();
  host.scope = config::Gate::Scope::host;
  host.management_ports = {22};
  host.management = set_of({*Network::parse("192.0.2.5")});
  const std::string text = nft_table(host, 1, TimePoint{}).text();
  EXPECT_THAT(text, HasSubstr("hook input priority filter; policy drop;"));
  EXPECT_THAT(text, HasSubstr("tcp dport { 22 } accept"));
  EXPECT_THAT(text, HasSubstr("nd-neighbor-solicit"));
}

TEST(NftTable, MarkersOfOthersAreNone) {
  for (const char* name : {"revision", "revision-1", "revision-x-0123456789abcdef", "revision-1-0123", "input"})
    EXPECT_FALSE(parse_marker(name)) << name;
}

TEST(Export, EachFormatNamesItsLosses) {
  const auto lost = [](std::string_view name) {
    std::string all;
    for (const std::string& one : exported(name).losses) all += one + "\n";
    return all;
  };
  EXPECT_EQ(lost("nftables"), "");
  EXPECT_THAT(lost("aws"),
              HasSubstr("rate limit of smtp (30 a minute for each source): not expressible in AWS security groups"));
  EXPECT_THAT(lost("kubernetes"), HasSubstr("externalTrafficPolicy"));
  EXPECT_THAT(lost("iptables"), HasSubstr("the end of exception-1"));
  EXPECT_THAT(lost("iptables"), Not(HasSubstr("rate limit")));
  EXPECT_THAT(lost("ufw"), HasSubstr("200 connections at most"));
}

TEST(Export, AwsAndAzureAreJsonOfTheirApis) {
  const json::value aws = json::parse(exported("aws").text);
  const auto& permissions = aws.at("IpPermissions").as_array();
  ASSERT_EQ(permissions.size(), 2u);
  EXPECT_EQ(permissions[0].at("IpRanges").as_array()[0].at("CidrIp").as_string(), "0.0.0.0/0");
  EXPECT_EQ(permissions[0].at("Ipv6Ranges").as_array()[0].at("CidrIpv6").as_string(), "::/0");
  EXPECT_EQ(permissions[1].at("IpRanges").as_array()[1].at("CidrIp").as_string(), "203.0.113.9/32");
  // An apostrophe is none of the letters a description may have.
  EXPECT_EQ(permissions[1].at("IpRanges").as_array()[0].at("Description").as_string(),
            "gp:imaps:trusted It_s read here");
  const json::value azure = json::parse(exported("azure").text);
  int last = 0;
  for (const auto& rule : azure.at("securityRules").as_array()) {
    const auto& p = rule.at("properties").as_object();
    EXPECT_GT(p.at("priority").to_number<int>(), last);
    last = p.at("priority").to_number<int>();
    EXPECT_EQ(p.at("access").as_string(), "Allow");
    EXPECT_TRUE(p.contains("sourceAddressPrefix") != p.contains("sourceAddressPrefixes"));
  }
  EXPECT_EQ(last, 140);
}

TEST(Export, TextFormatsSayTheSame) {
  EXPECT_THAT(exported("iptables").text,
              HasSubstr("-A GP-imaps -s 10.20.0.0/16 -m comment --comment \"gp:imaps:trusted\" -j ACCEPT"));
  EXPECT_THAT(exported("ip6tables").text, HasSubstr("-A GP-imaps -s 2001:db8::/32"));
  EXPECT_THAT(exported("ip6tables").text, HasSubstr("--hashlimit-srcmask 64"));
  EXPECT_THAT(exported("ufw").text, HasSubstr("ufw allow proto tcp from 10.20.0.0/16 to 0.0.0.0/0 port 993"));
  EXPECT_THAT(exported("ufw").text, HasSubstr("ufw deny proto tcp from 0.0.0.0/0 to 0.0.0.0/0 port 993"));
  // A denial of everybody would take the place of what lets everybody in.
  EXPECT_THAT(exported("ufw").text, Not(HasSubstr("ufw deny proto tcp from 0.0.0.0/0 to 0.0.0.0/0 port 25")));
  EXPECT_THAT(exported("pf").text, HasSubstr("table <gp_imaps_0> { 10.20.0.0/16, 2001:db8::/32 }"));
  EXPECT_THAT(exported("pf").text, HasSubstr("max-src-conn-rate 30/60"));
  EXPECT_THAT(exported("windows").text, HasSubstr("-RemoteAddress @('10.20.0.0/16','2001:db8::/32')"));
  EXPECT_THAT(exported("windows").text, HasSubstr("-Description 'It''s read here'"));
  EXPECT_THAT(exported("firewalld").text, HasSubstr("--ipset=gp-imaps-trusted-6 --add-entry=2001:db8::/32"));
  EXPECT_THAT(exported("kubernetes").text, HasSubstr("cidr: \"203.0.113.9/32\""));
}

}  // namespace
}  // namespace gatepost::gate
