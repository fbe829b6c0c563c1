#include "gate/policy/policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gatepost::gate {
namespace {

using testing::HasSubstr;

config::Config configuration() {
  config::Config c = config::Config::defaults();
  c.server.hostname = "mail.example.org";
  c.networks.trusted = {*Network::parse("10.20.0.0/16")};
  c.networks.admin = {*Network::parse("10.20.0.5")};
  for (auto& l : c.listeners) {
    if (l.name == "imaps") {
      l.audience = config::Audience::trusted;
      l.networks = {*Network::parse("10.20.1.0/24"), *Network::parse("192.0.2.0/24")};
    }
    if (l.name == "pop3") l.audience = config::Audience::off;
  }
  c.gate.exceptions = {
      {"imaps", {*Network::parse("203.0.113.9")}, TimePoint{} + std::chrono::hours(48), "contractor", ""}};
  c.complete();
  return c;
}

const PortPolicy& of(const std::vector<PortPolicy>& all, std::string_view service) {
  return *std::ranges::find(all, service, &PortPolicy::service);
}

TEST(Policy, SourcesAreDisjointAndSayWhy) {
  const auto all = port_policies(configuration(), std::nullopt, TimePoint{});
  const PortPolicy& imaps = of(all, "imaps");
  ASSERT_EQ(imaps.sources.size(), 3u);
  EXPECT_EQ(imaps.sources[0].why, "trusted");
  EXPECT_EQ(text_of(imaps.sources[1].addresses), "192.0.2.0/24");  // 10.20.1.0/24 is trusted already
  EXPECT_EQ(imaps.sources[2].why, "exception-1");
  EXPECT_EQ(imaps.sources[2].reason, "contractor");
}

TEST(Policy, AnExceptionEndsWithItsDay) {
  const auto all = port_policies(configuration(), std::nullopt, TimePoint{} + std::chrono::hours(48));
  EXPECT_EQ(of(all, "imaps").sources.size(), 2u);
  const auto found = findings(configuration(), all, TimePoint{} + std::chrono::hours(48));
  EXPECT_TRUE(
      std::ranges::any_of(found, [](const Finding& f) { return f.what.find("contractor") != std::string::npos; }));
}

TEST(Policy, EndpointsAreTheSocketsThatAreBound) {
  const auto bound = bound_sockets(
      R"({"listeners":[{"name":"imaps","address":"192.0.2.1","port":1993,"connections":3},{"name":"smtp","address":"::","port":25}]})");
  ASSERT_TRUE(bound);
  const auto all = port_policies(configuration(), *bound, TimePoint{});
  EXPECT_EQ(of(all, "imaps").port, 1993);
  EXPECT_EQ(text_of(of(all, "imaps").destinations), "192.0.2.1");
  // One socket at :: stands for both families when both were asked for.
  EXPECT_EQ(text_of(of(all, "smtp").destinations), "anywhere");
  EXPECT_FALSE(of(all, "pop3s").listening);
  const Intent intent = intent_of(configuration(), all);
  ASSERT_EQ(intent.ports.size(), 2u);
  EXPECT_EQ(intent.ports[0].service, "smtp");
  EXPECT_FALSE(bound_sockets("{}"));
  EXPECT_FALSE(bound_sockets(R"({"listeners":[{"name":"x"}]})"));
}

TEST(Policy, FindsOpeningsWithoutAReasonAndPasswordsInClear) {
  config::Config c = configuration();
  c.auth.allow_sign_in_without_tls = true;
  for (auto& l : c.listeners) {
    if (l.name == "imap") {
      l.tls = config::TlsMode::none;
      l.reason.clear();
    }
    if (l.name == "smtp") l.review_by = TimePoint{} + std::chrono::hours(1);
  }
  const auto all = port_policies(c, std::nullopt, TimePoint{} + std::chrono::hours(2));
  std::vector<std::string> texts;
  for (const Finding& f : findings(c, all, TimePoint{} + std::chrono::hours(2)))
    texts.push_back(f.where + ": " + f.what);
  EXPECT_THAT(texts,
              testing::UnorderedElementsAre(HasSubstr("imap: nobody wrote down"), HasSubstr("imap: passwords travel"),
                                            HasSubstr("smtp: its review was due")));
}

TEST(Policy, EgressFollowsFromTheConfiguration) {
  config::Config c = configuration();
  c.gate.egress = true;
  c.gate.egress_ports = {443};
  c.dns.servers = {{*IpAddress::parse("192.0.2.53"), 53}};
  const Intent intent = intent_of(c, port_policies(c, std::nullopt, TimePoint{}));
  EXPECT_EQ(intent.egress_user, "gatepost");
  ASSERT_EQ(intent.egress.size(), 3u);
  EXPECT_EQ(text_of(intent.egress[0].to), "192.0.2.53");
  EXPECT_EQ(intent.egress[1].port, 25);
  EXPECT_EQ(intent.egress[2].purpose, "port-443");
}

TEST(Policy, TheHashChangesWithTheContentAlone) {
  const Intent a = intent_of(configuration(), port_policies(configuration(), std::nullopt, TimePoint{}));
  Intent b =
      intent_of(configuration(), port_policies(configuration(), std::nullopt, TimePoint{} + std::chrono::hours(1)));
  EXPECT_EQ(a.hash(), b.hash());
  EXPECT_EQ(a.hash().size(), 16u);
  b.ports.back().per_minute = 7;
  EXPECT_NE(a.hash(), b.hash());
}

}  // namespace
}  // namespace gatepost::gate
