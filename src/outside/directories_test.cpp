#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outside/test_world.hpp"

namespace gatepost::outside {

namespace {

using directory::PrincipalKind;
using test::Kind;
using testing::Contains;
using testing::HasSubstr;

using test::kAnna;
constexpr const char* kAnnaDn = "uid=anna,dc=example,dc=org";

class OutsideDirectories : public test::World {
 protected:
  void SetUp() override {
    World::SetUp();
    servers_.add(kAnnaDn, {"(&(p=*)(mail=anna@example.org))", "(&(p=*)(uid=anna))"}, "right one",
                 {{"mail", {"Anna@Example.org"}}, {"cn", {"Anna"}}, {"entryUUID", {"id-anna"}}});
    open(test::settings());
  }
};

TEST_F(OutsideDirectories, LetInWhoProvesAPasswordThere) {
  add_anna();
  const auto answer = check("anna@example.org", "right one");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->kind, Kind::right);
  EXPECT_EQ(answer->address, kAnna);
  EXPECT_EQ(kind("anna@example.org", "wrong one"), Kind::wrong);
  EXPECT_EQ(kind("bert@example.org", "right one"), Kind::unknown);
}

TEST_F(OutsideDirectories, TakeNamesWithoutADomain) {
  add_anna();
  EXPECT_EQ(kind("anna", "right one"), Kind::right);
  EXPECT_EQ(kind("EXAMPLE\\anna", "right one"), Kind::right);
  EXPECT_EQ(kind("anna", "wrong"), Kind::wrong);
}

TEST_F(OutsideDirectories, NeverBindWithAnEmptyPassword) {
  add_anna();
  servers_.passwords[kAnnaDn] = "";
  EXPECT_NE(kind("anna", ""), Kind::right);
  EXPECT_EQ(servers_.count(std::string("bind ") + kAnnaDn), 0u);
}

TEST_F(OutsideDirectories, EscapeWhatIsNoPartOfAFilterInNames) {
  for (const char* name : {"*", "anna)(uid=*", "a*@example.org", "\\2a", "anna\\*"}) {
    EXPECT_EQ(kind(name, "right one"), Kind::unknown) << name;
  }
  EXPECT_THAT(servers_.log, Contains("search (&(p=*)(uid=anna\\29\\28uid=\\2a))"));
  EXPECT_THAT(servers_.log, Contains("search (&(p=*)(mail=a\\2a@example.org))"));
}

TEST_F(OutsideDirectories, RefuseWhomTheyDoNotLetIn) {
  add_anna();
  servers_.refused[kAnnaDn] = Proof::Kind::locked;
  const auto answer = check("anna", "right one");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::denied);
  servers_.refused.clear();
  servers_.rows[0].entry.attributes["locked"] = {"yes"};
  EXPECT_EQ(check("anna", "right one").error().code, Errc::denied);
}

TEST_F(OutsideDirectories, SayThatThereIsNoAccountToTheRightPasswordAlone) {
  EXPECT_EQ(kind("anna", "wrong"), Kind::wrong);
  const auto answer = check("anna", "right one");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::denied);
}

TEST_F(OutsideDirectories, AskTheNextServerWhenOneFails) {
  add_anna();
  servers_.broken["a"] = {Errc::timed_out, "no answer"};
  EXPECT_EQ(kind("anna", "right one"), Kind::right);
  EXPECT_EQ(servers_.count("connect b"), 2u);  // one to search, one to prove
  // It is left alone for a while, and asked again then.
  EXPECT_EQ(servers_.count("connect a"), 1u);
  EXPECT_EQ(kind("anna", "wrong"), Kind::wrong);
  EXPECT_EQ(servers_.count("connect a"), 1u);
  EXPECT_FALSE(outside_->state()[0].servers[0].why.empty());
  servers_.broken.clear();
  clock_.advance(Servers::kLongestRest);
  EXPECT_EQ(kind("anna", "another"), Kind::wrong);
  EXPECT_TRUE(outside_->state()[0].servers[0].why.empty());
  EXPECT_THAT(sink_.lines(), Contains(HasSubstr("outside.server_failed")));
  EXPECT_THAT(sink_.lines(), Contains(HasSubstr("outside.server_back")));
}

TEST_F(OutsideDirectories, LeaveNoServerAloneForWhatOneNameMeetsThere) {
  add_anna();
  ASSERT_EQ(kind("anna@example.org", "wrong"), Kind::wrong);
  servers_.failing["a"] = {Errc::internal, "operations error"};
  EXPECT_EQ(check("anna@example.org", "right one").error().code, Errc::unavailable);
  EXPECT_EQ(servers_.count("connect b"), 0u);
  servers_.failing.clear();
  EXPECT_EQ(kind("anna@example.org", "right one"), Kind::right);
  EXPECT_EQ(servers_.count("connect b"), 0u);
}

TEST_F(OutsideDirectories, TryAgainWhenAKeptConnectionWasClosed) {
  add_anna();
  ASSERT_EQ(kind("anna", "right one"), Kind::right);
  const auto connects = servers_.count("connect a");
  // A server that closes idle connections: the kept one fails once, a fresh one works.
  servers_.failing["a"] = {Errc::closed, "gone"};
  servers_.log.clear();
  EXPECT_EQ(kind("anna", "wrong"), Kind::wrong) << connects;
  EXPECT_GE(servers_.count("connect a"), 1u);
  EXPECT_GE(servers_.count("connect b"), 1u);
}

TEST_F(OutsideDirectories, TakeNoServerThatRefusesTheServiceAccount) {
  add_anna();
  servers_.passwords["cn=reader"] = "changed";
  const auto answer = check("anna", "right one");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::unavailable);
}

TEST_F(OutsideDirectories, RefuseNamesOfSeveralEntries) {
  add_anna();
  servers_.add("uid=anna,ou=other", {"(&(p=*)(uid=anna))"}, "right one", {{"mail", {"other@example.org"}}});
  const auto answer = check("anna", "right one");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::unavailable);
  EXPECT_THAT(sink_.lines(), Contains(HasSubstr("outside.ambiguous")));
}

TEST_F(OutsideDirectories, AreNotAskedTheSameAgainAtOnce) {
  add_anna();
  ASSERT_EQ(kind("anna", "right one"), Kind::right);
  ASSERT_EQ(kind("anna", "wrong"), Kind::wrong);
  const auto asked = servers_.log.size();
  EXPECT_EQ(kind("anna", "right one"), Kind::right);
  EXPECT_EQ(kind("ANNA", "wrong"), Kind::wrong);
  EXPECT_EQ(servers_.log.size(), asked);
  clock_.advance(std::chrono::minutes(2));
  EXPECT_EQ(kind("anna", "right one"), Kind::right);
  EXPECT_GT(servers_.log.size(), asked);
}

TEST_F(OutsideDirectories, AreNotKnownInAnOutage) {
  add_anna();
  ASSERT_EQ(kind("anna", "right one"), Kind::right);
  all_fail();
  clock_.advance(std::chrono::minutes(2));
  const auto answer = check("anna@example.org", "right one");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::unavailable);
}

TEST_F(OutsideDirectories, OutlastAnOutageWhereThatIsAllowed) {
  const auto with_outlast = [] {
    Settings s = test::settings();
    s.outlast_outage = std::chrono::hours(24);
    return s;
  };
  open(with_outlast());
  add_anna();
  ASSERT_EQ(kind("anna", "right one"), Kind::right);
  all_fail();
  open(with_outlast());  // it is kept over a restart
  for (const char* name : {"anna", "anna@example.org"}) {
    EXPECT_EQ(kind(name, "right one"), Kind::right);
    EXPECT_EQ(kind(name, "wrong"), Kind::wrong);
  }
  EXPECT_EQ(check("bert@example.org", "x").error().code, Errc::unavailable);
  clock_.advance(std::chrono::hours(25));
  EXPECT_EQ(check("anna", "right one").error().code, Errc::unavailable);
}

TEST_F(OutsideDirectories, ForgetTheProofOfWhoIsRefused) {
  Settings s = test::settings();
  s.outlast_outage = std::chrono::hours(24);
  s.remember_right = std::chrono::seconds(0);
  open(std::move(s));
  add_anna();
  ASSERT_EQ(kind("anna", "right one"), Kind::right);
  servers_.refused[kAnnaDn] = Proof::Kind::disabled;
  ASSERT_FALSE(check("anna", "right one"));
  all_fail();
  EXPECT_EQ(check("anna", "right one").error().code, Errc::unavailable);
}

TEST_F(OutsideDirectories, LeaveLocalAccountsTheirPasswords) {
  const auto chief = *directory_->add_principal(PrincipalKind::person, "chief@example.org", "Chief");
  ASSERT_TRUE(directory_->set_password(chief.id, Secret("long local password")));
  EXPECT_EQ(kind("chief@example.org", "long local password"), Kind::unknown);
  all_fail();
  clock_.advance(std::chrono::minutes(2));
  EXPECT_EQ(kind("chief@example.org", "long local password"), Kind::unknown);
}

TEST_F(OutsideDirectories, LetNobodyInByALocalPasswordWhoseEntryIsGone) {
  const auto anna = add_anna();
  ASSERT_TRUE(directory_->set_password(anna.id, Secret("long local password")));
  ASSERT_EQ(kind("anna@example.org", "right one"), Kind::right);
  servers_.rows.clear();
  EXPECT_EQ(kind("anna@example.org", "long local password"), Kind::wrong);
}

TEST_F(OutsideDirectories, KnowAnAccountByItsEntryWhenItsAddressChanges) {
  add_anna();
  ASSERT_EQ(kind("anna", "right one"), Kind::right);
  servers_.rows[0].entry.attributes["mail"] = {"anna.new@example.org"};
  clock_.advance(std::chrono::minutes(2));
  const auto answer = check("anna", "right one");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->address, kAnna);
}

TEST_F(OutsideDirectories, ShowEveryQueryAndNoPassword) {
  add_anna();
  const Secret password("right one");
  const auto tested = outside_->test("anna", &password);
  EXPECT_TRUE(tested.found);
  EXPECT_EQ(tested.account, kAnna);
  ASSERT_TRUE(tested.proof);
  EXPECT_EQ(tested.proof->kind, Proof::Kind::right);
  EXPECT_THAT(tested.lines, Contains(HasSubstr("(&(p=*)(uid=anna))")));
  EXPECT_THAT(tested.lines, Contains(HasSubstr("bind as uid=anna")));
  EXPECT_THAT(tested.lines, Not(Contains(HasSubstr("right one"))));
}

// Those whom a realm vouched for (Kerberos) prove no password here.
TEST_F(OutsideDirectories, FindWhoIsVouchedForByNameAndThenByAddress) {
  add_anna();
  EXPECT_EQ(outside_->vouched("office", "anna", "EXAMPLE.ORG"), kAnna);
  servers_.add("uid=b,dc=example,dc=org", {"(&(p=*)(mail=bert@example.org))"}, "",
               {{"mail", {"bert@example.org"}}, {"entryUUID", {"id-bert"}}});
  ASSERT_TRUE(directory_->add_principal(PrincipalKind::person, "bert@example.org", ""));
  EXPECT_EQ(outside_->vouched("office", "bert", "EXAMPLE.ORG"), "bert@example.org");
  EXPECT_EQ(servers_.count(std::string("bind ") + kAnnaDn), 0u);
  // From now on the accounts are the entries'.
  servers_.remove(kAnnaDn);
  EXPECT_EQ(outside_->vouched("office", "anna", "EXAMPLE.ORG").error().code, Errc::unauthenticated);
  EXPECT_EQ(kind("anna@example.org", "right one"), Kind::wrong);
  EXPECT_EQ(outside_->vouched("other", "anna", "EXAMPLE.ORG").error().code, Errc::unauthenticated);
  EXPECT_EQ(outside_->vouched("office", "anna)(uid=*", "EXAMPLE.ORG").error().code, Errc::unauthenticated);
}

TEST_F(OutsideDirectories, LetNobodyInWhoIsDisabledThereOrHasNoAccount) {
  EXPECT_EQ(outside_->vouched("office", "anna", "EXAMPLE.ORG").error().code, Errc::denied);
  EXPECT_THAT(sink_.lines(), Contains(HasSubstr("outside.no_account")));
  add_anna();
  EXPECT_TRUE(outside_->vouched("office", "anna", "EXAMPLE.ORG"));
  servers_.rows.front().entry.attributes["locked"] = {"yes"};
  EXPECT_EQ(outside_->vouched("office", "anna", "EXAMPLE.ORG").error().code, Errc::denied);
  EXPECT_THAT(sink_.lines(), Contains(HasSubstr("outside.refused")));
  all_fail();
  EXPECT_EQ(outside_->vouched("office", "anna", "EXAMPLE.ORG").error().code, Errc::unavailable);
}

}  // namespace
}  // namespace gatepost::outside
