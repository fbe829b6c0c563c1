#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "directory/password_age.hpp"
#include "ldap/protocol/oids.hpp"
#include "ldap/server/controls.hpp"
#include "ldap/server/test_support.hpp"

namespace gatepost::ldap::server {
namespace {

using std::chrono::days;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Problem = PasswordPolicyAnswer::Problem;

class LdapPasswordPolicy : public testing::Test {
 protected:
  LdapPasswordPolicy() { ages().set_age_policy({.longest = days(90), .warning = days(14)}); }
  directory::PasswordAges& ages() { return directory::password_ages(*world.directory); }
  Heard bind(Talk& talk, bool asks = true, std::string_view password = kPassword) {
    BindRequest request;
    request.name = kAnna;
    request.authentication = BindRequest::Simple{Secret(password)};
    return talk.ask(std::move(request), with(asks)).front();
  }
  static std::vector<Control> with(bool asks) {
    return asks ? std::vector<Control>{{std::string(oid::kPasswordPolicy), true, {}}} : std::vector<Control>();
  }
  static Heard modify(Talk& talk, std::string_view user, std::string_view old_one, std::string_view new_one) {
    std::string value;
    ber::Writer writer(value);
    const auto mark = writer.begin(ber::kSequence);
    if (!user.empty()) writer.octets(user, ber::context(0));
    if (!old_one.empty()) writer.octets(old_one, ber::context(1));
    if (!new_one.empty()) writer.octets(new_one, ber::context(2));
    writer.end(mark);
    return talk.ask(ExtendedRequest{std::string(oid::kPasswordModify), value}, with(true)).front();
  }
  static std::string said(const Heard& heard) {
    const auto at = heard.controls.find(std::string(oid::kPasswordPolicy));
    return at == heard.controls.end() ? "nothing" : at->second;
  }
  static std::string problem(Problem what) { return write_password_policy({.problem = what}); }

  World world;
};

TEST_F(LdapPasswordPolicy, IsWrittenAsTheDraftHasIt) {
  EXPECT_EQ(write_password_policy({}), std::string("\x30\x00", 2));
  EXPECT_EQ(write_password_policy({.ends_in = std::chrono::seconds(300)}),
            std::string("\x30\x06\xa0\x04\x80\x02\x01\x2c", 8));
  EXPECT_EQ(problem(Problem::expired), std::string("\x30\x03\x81\x01\x00", 5));
  EXPECT_EQ(problem(Problem::change_after_reset), std::string("\x30\x03\x81\x01\x02", 5));
}

TEST_F(LdapPasswordPolicy, TellsOfAnEndThatIsNear) {
  Talk talk(world);
  EXPECT_EQ(said(bind(talk)), write_password_policy({}));
  EXPECT_EQ(said(bind(talk, false)), "nothing") << "nobody asked";
  world.clock.advance(days(89));
  EXPECT_EQ(said(bind(talk)), write_password_policy({.ends_in = days(1)}));
  EXPECT_EQ(said(bind(talk, true, "wrong one")), write_password_policy({}));
  talk.find("(objectClass=*)", "", Scope::base);
  EXPECT_THAT(talk.last.front().attributes.at("supportedControl"), testing::Contains(oid::kPasswordPolicy));
}

TEST_F(LdapPasswordPolicy, RefusesWhatHasExpiredUntilItIsReplaced) {
  world.clock.advance(days(90));
  Talk talk(world);
  const Heard refused = bind(talk);
  EXPECT_EQ(refused.code, ResultCode::invalid_credentials);
  EXPECT_EQ(said(refused), problem(Problem::expired));
  EXPECT_THAT(refused.text, HasSubstr("data 532"));
  EXPECT_EQ(bind(talk, false).code, ResultCode::invalid_credentials);
  EXPECT_THAT(talk.find("(uid=anna)"), ElementsAre("code 50"));

  EXPECT_EQ(modify(talk, "", kPassword, "a new password").code, ResultCode::insufficient_access_rights);
  EXPECT_EQ(modify(talk, kAnnaDn, "", "a new password").code, ResultCode::insufficient_access_rights);
  EXPECT_EQ(modify(talk, kAnnaDn, "wrong one", "a new password").code, ResultCode::invalid_credentials);
  EXPECT_EQ(modify(talk, "nobody@example.org", "wrong one", "a new password").code, ResultCode::invalid_credentials);
  const Heard weak = modify(talk, kAnnaDn, kPassword, "short");
  EXPECT_EQ(weak.code, ResultCode::constraint_violation);
  EXPECT_EQ(said(weak), problem(Problem::insufficient_quality));
  EXPECT_EQ(modify(talk, kAnnaDn, kPassword, "a new password").code, ResultCode::success);
  EXPECT_EQ(bind(talk, true, "a new password").code, ResultCode::success);
  EXPECT_THAT(talk.find("(uid=anna)"), ElementsAre(kAnnaDn));
}

TEST_F(LdapPasswordPolicy, StrangersChangeNothingWithoutTls) {
  Talk plain(world, false);
  EXPECT_EQ(modify(plain, kAnnaDn, kPassword, "a new password").code, ResultCode::confidentiality_required);
}

TEST_F(LdapPasswordPolicy, LetsAnInitialOneInToReplaceItAlone) {
  const auto anna = *world.directory->find(kAnna);
  ASSERT_TRUE(ages().demand_change(anna.id, true));
  Talk talk(world);
  const Heard blind = bind(talk, false);
  EXPECT_EQ(blind.code, ResultCode::invalid_credentials) << "a program that only wants to know whether it is right";
  EXPECT_THAT(blind.text, HasSubstr("data 773"));
  const Heard restricted = bind(talk);
  EXPECT_EQ(restricted.code, ResultCode::success);
  EXPECT_EQ(said(restricted), problem(Problem::change_after_reset));
  EXPECT_THAT(talk.find("(uid=anna)", "dc=example,dc=org", Scope::subtree, with(true)), ElementsAre("code 50"));
  EXPECT_EQ(said(talk.last.front()), problem(Problem::change_after_reset));
  EXPECT_EQ(modify(talk, "uid=root,ou=people,dc=example,dc=org", "", "a new password").code,
            ResultCode::insufficient_access_rights);
  EXPECT_EQ(said(modify(talk, "", "", "a new password")), problem(Problem::must_supply_old));
  EXPECT_EQ(modify(talk, "", kPassword, "a new password").code, ResultCode::success);
  EXPECT_THAT(talk.find("(uid=anna)"), ElementsAre("code 50")) << "nobody before he binds again";
  EXPECT_EQ(bind(talk, true, "a new password").code, ResultCode::success);
  EXPECT_FALSE(ages().standing(anna).must_change);
}

TEST_F(LdapPasswordPolicy, ShowsWhatDirectoriesShow) {
  auto anna = *world.directory->find(kAnna);
  Talk talk(world);
  talk.bind("root@example.org");
  talk.wanted = {"*", "+"};
  const auto values = [&](const std::string& attribute) {
    talk.find("(objectClass=*)", kAnnaDn, Scope::base);
    const auto& all = talk.last.front().attributes;
    return all.contains(attribute) ? all.at(attribute) : std::vector<std::string>();
  };
  EXPECT_THAT(values("pwdChangedTime"), ElementsAre("20260101000000Z"));
  EXPECT_THAT(values("pwdLastSet"), ElementsAre("134116992000000000"));
  EXPECT_THAT(values("pwdReset"), IsEmpty());
  EXPECT_THAT(values("userAccountControl"), ElementsAre("512"));
  ASSERT_TRUE(ages().demand_change(anna.id, true));
  anna.password_never_expires = true;
  ASSERT_TRUE(world.directory->update_principal(anna));
  EXPECT_THAT(values("pwdLastSet"), ElementsAre("0"));
  EXPECT_THAT(values("pwdReset"), ElementsAre("TRUE"));
  EXPECT_THAT(values("userAccountControl"), ElementsAre("66048"));
}

}  // namespace
}  // namespace gatepost::ldap::server
