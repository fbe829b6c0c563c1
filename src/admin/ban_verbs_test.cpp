#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/test_product.hpp"
#include "gate/bans/ban_service.hpp"

namespace gatepost::admin {
namespace {

using ::testing::HasSubstr;

class FakeBans final : public gate::BanService {
 public:
  explicit FakeBans(const Clock& clock)
      : bans({.exempt = {{"[bans] never", {*Network::parse("10.0.0.0/8")}}}}, clock) {}
  const gate::BanList& list() const override { return bans; }
  Result<gate::Ban> add(const Network& network, std::chrono::seconds length, std::string_view reason) override {
    return bans.add(network, length, reason);
  }
  std::vector<gate::Ban> lift(const IpAddress& address) override { return bans.lift(address); }
  std::vector<gate::Ban> lift(const Network& network) override { return bans.lift(network); }
  gate::Enforcement enforcement() const override { return {false, "no helper runs"}; }
  gate::Enforcement look(bool refill) override {
    ++(refill ? refills : looks);
    return enforcement();
  }
  int looks = 0, refills = 0;
  gate::BanList bans;
};

class BanVerbs : public AdminFixture {
 protected:
  BanVerbs() {
    services->server.status = [](const Request&) { return Reply{}; };
    services->bans = &fake;
  }
  FakeBans fake{clock};
};

TEST_F(BanVerbs, NeedAServer) {
  services->server.status = {};
  for (const char* verb : {"ban list", "ban explain", "ban add", "ban lift", "ban refill"})
    EXPECT_EQ(ask(verb).exit_code, 3) << verb;
}

TEST_F(BanVerbs, ListAndLiftRefusalsOfSignIn) {
  domain_and_anna();
  EXPECT_EQ(done("ban list").text, "Nobody is banned.\n");
  context.remote = *IpAddress::parse("192.0.2.1");
  for (int i = 0; i < 10; ++i) (void)sign_in("anna@example.org", "wrong password " + std::to_string(i));
  EXPECT_EQ(sign_in("anna@example.org", "correct horse"), Errc::limit);
  const auto row = json(done("ban list")).at(0);
  EXPECT_EQ(text(row, "address"), "192.0.2.1");
  EXPECT_EQ(text(row, "refused"), "sign-in");
  EXPECT_EQ(text(row, "account"), "anna@example.org");
  EXPECT_EQ(text(row, "until"), "2026-01-01T00:15:00.000Z");
  EXPECT_EQ(text(row, "reason"), "10 distinct wrong passwords");
  EXPECT_THAT(done("ban explain", {{"address", {"192.0.2.1"}}}).text, HasSubstr("may not sign in to anna@example.org"));
  EXPECT_EQ(ask("ban lift", {{"address", {"somewhere"}}}).exit_code, 2);
  EXPECT_THAT(done("ban lift", {{"address", {"192.0.2.1"}}}).text, HasSubstr("1 ban(s) lifted"));
  EXPECT_EQ(sign_in("anna@example.org", "correct horse"), std::nullopt);
  services->authenticator = nullptr;
  EXPECT_EQ(error(ask("ban list")), "unavailable");
  EXPECT_EQ(error(ask("ban lift", {{"address", {"192.0.2.1"}}})), "unavailable");
}

TEST_F(BanVerbs, AddExplainListAndLift) {
  const Reply added = done("ban add", {{"address", {"192.0.2.0/24"}}, {"for", {"2h"}}, {"reason", {"a test"}}});
  EXPECT_THAT(added.text,
              HasSubstr("192.0.2.0/24 is banned until 2026-01-01T02:00:00.000Z, in the server alone: no helper"));
  const auto row = json(done("ban list")).at(0);
  EXPECT_EQ(text(row, "address"), "192.0.2.0/24");
  EXPECT_EQ(text(row, "refused"), "connections");
  EXPECT_EQ(text(row, "cause"), "by hand");
  EXPECT_FALSE(row.at("firewall").as_bool());
  const Reply why = done("ban explain", {{"address", {"192.0.2.77"}}});
  EXPECT_THAT(why.text, HasSubstr("192.0.2.77 is banned as part of 192.0.2.0/24: a test."));
  EXPECT_THAT(why.text, HasSubstr("gatepost ban lift 192.0.2.0/24"));
  EXPECT_TRUE(json(why).at("banned").as_bool());
  EXPECT_EQ(text(json(why).at("ban"), "until"), "2026-01-01T02:00:00.000Z");
  EXPECT_EQ(text(json(why), "lift"), "gatepost ban lift 192.0.2.0/24");
  EXPECT_THAT(done("ban lift", {{"address", {"192.0.2.0/24"}}}).text, HasSubstr("1 ban(s) lifted"));
  EXPECT_FALSE(json(done("ban explain", {{"address", {"192.0.2.77"}}})).at("banned").as_bool());
}

TEST_F(BanVerbs, ShowTheEvidence) {
  const gate::Seen seen{*IpAddress::parse("2001:db8::1"), "smtp", 25};
  for (int i = 0; i < 3; ++i) (void)fake.bans.saw(seen, gate::Offence::foreign_protocol, "HTTP");
  const Reply before = done("ban explain", {{"address", {"2001:db8::1"}}});
  EXPECT_THAT(before.text, HasSubstr("may connect"));
  EXPECT_THAT(before.text, HasSubstr("90 of 100 points"));
  (void)fake.bans.saw(seen, gate::Offence::foreign_protocol, "HTTP");
  const Reply after = done("ban explain", {{"address", {"2001:db8::1"}}});
  EXPECT_THAT(after.text, HasSubstr("spoke another protocol, 4 times since"));
  const auto evidence = json(after).at("evidence").at(0);
  EXPECT_EQ(text(evidence, "where"), "smtp");
  EXPECT_EQ(text(evidence, "detail"), "HTTP");
}

TEST_F(BanVerbs, RefuseWhatMustNotBeBanned) {
  const Reply own = ask("ban add", {{"address", {"10.1.2.3"}}});
  EXPECT_EQ(error(own), "denied");
  EXPECT_THAT(own.text, HasSubstr("[bans] never"));
  EXPECT_EQ(error(ask("ban add", {{"address", {"127.0.0.1"}}})), "denied");
  EXPECT_EQ(error(ask("ban add", {{"address", {"172.16.0.0/12"}}})), "invalid");
  EXPECT_EQ(ask("ban add", {{"address", {"somewhere"}}}).exit_code, 2);
  EXPECT_EQ(ask("ban add", {{"address", {"192.0.2.1"}}, {"for", {"a while"}}}).exit_code, 2);
  EXPECT_THAT(done("ban explain", {{"address", {"10.1.2.3"}}}).text, HasSubstr("never banned: [bans] never"));
}

TEST_F(BanVerbs, TheFirewallIsAskedWhenThatIsWanted) {
  done("ban list");
  EXPECT_EQ(fake.looks, 0);
  done("ban list", {{"look", {}}});
  EXPECT_EQ(fake.looks, 1);
  EXPECT_EQ(error(ask("ban refill")), "unavailable") << "no helper runs";
  EXPECT_EQ(fake.refills, 1);
}

}  // namespace
}  // namespace gatepost::admin
