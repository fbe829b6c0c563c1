#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outside/test_world.hpp"

namespace gatepost::outside {
namespace {

using directory::PrincipalKind;
using test::Kind;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class OutsidePeople : public test::World {
 protected:
  static Settings settings() {
    Settings s = test::settings();
    s.people = s.groups = true;
    s.group_base = "ou=groups";
    s.group_filter = "(g=*)";
    s.changed_attribute = "changed";
    s.disable_after = 2;
    s.most_gone_percent = 50;
    return s;
  }
  void SetUp() override {
    World::SetUp();
    open(settings());
  }
  Directories::Refreshed sync() {
    const auto all = outside_->refresh_all();
    EXPECT_THAT(all, SizeIs(1));
    return all.at(0);
  }
  bool enabled(std::string_view address) { return directory_->find(address)->enabled; }
  bool there(std::string_view address) { return directory_->find(address).has_value(); }
};

TEST_F(OutsidePeople, GetAnAccountWhenTheyAreListed) {
  person("anna", {{"proxyAddresses", {"smtp:a.smith@example.org", "smtp:anna@elsewhere.example"}}});
  person("bert");
  EXPECT_EQ(sync().listed, 2u);
  const auto anna = directory_->find("anna@example.org");
  ASSERT_TRUE(anna);
  EXPECT_EQ(anna->display_name, "Name of anna");
  EXPECT_EQ(directory_->find("a.smith@example.org")->id, anna->id);
  EXPECT_TRUE(there("bert@example.org"));
  EXPECT_EQ(sync().listed, 2u);
  EXPECT_THAT(directory_->principals().value(), SizeIs(2));
}

TEST_F(OutsidePeople, GetAnAccountAtTheirFirstMail) {
  person("anna");
  EXPECT_TRUE(outside_->may_have("anna@example.org"));
  EXPECT_TRUE(*outside_->look_up("anna@example.org"));
  EXPECT_TRUE(there("anna@example.org"));
  EXPECT_FALSE(*outside_->look_up("nobody@example.org"));
  // For a while nobody is asked for that again.
  EXPECT_FALSE(outside_->may_have("nobody@example.org"));
  clock_.advance(std::chrono::minutes(2));
  EXPECT_TRUE(outside_->may_have("nobody@example.org"));
  all_fail();
  EXPECT_EQ(outside_->look_up("nobody@example.org").error().code, Errc::unavailable);
}

TEST_F(OutsidePeople, GetAnAccountAtTheirFirstSignIn) {
  person("anna");
  EXPECT_EQ(kind("anna", "wrong"), Kind::wrong);
  EXPECT_FALSE(there("anna@example.org"));
  EXPECT_EQ(kind("anna", "password of anna"), Kind::right);
  EXPECT_TRUE(there("anna@example.org"));
}

TEST_F(OutsidePeople, GetNoAccountInDomainsOfOthers) {
  person("anna", {{"mail", {"anna@elsewhere.example"}}});
  sync();
  EXPECT_THAT(directory_->principals().value(), IsEmpty());
}

TEST_F(OutsidePeople, AreRenamedAndGetOtherAddresses) {
  auto& row = person("anna", {{"proxyAddresses", {"smtp:old@example.org"}}});
  sync();
  row["cn"] = {"Anna Miller"};
  row["mail"] = {"miller@example.org"};
  row["proxyAddresses"] = {"smtp:new@example.org"};
  sync();
  const auto anna = directory_->find("miller@example.org");
  ASSERT_TRUE(anna);
  EXPECT_EQ(anna->address, "anna@example.org");  // mail to what it was called before arrives, too
  EXPECT_EQ(anna->display_name, "Anna Miller");
  EXPECT_TRUE(there("new@example.org"));
  EXPECT_FALSE(there("old@example.org"));
}

TEST_F(OutsidePeople, TakeNoAddressOfSomebodyElse) {
  ASSERT_TRUE(directory_->add_principal(PrincipalKind::person, "chief@example.org", "Chief"));
  person("anna", {{"proxyAddresses", {"smtp:chief@example.org"}}});
  sync();
  EXPECT_EQ(directory_->find("chief@example.org")->display_name, "Chief");
}

TEST_F(OutsidePeople, LoseTheirSessionsWhenTheyAreDisabledThere) {
  auto& row = person("anna");
  sync();
  row["locked"] = {"yes"};
  sync();
  EXPECT_FALSE(enabled("anna@example.org"));
  EXPECT_THAT(ended_, ElementsAre(directory_->find("anna@example.org")->id));
  row.erase("locked");
  sync();
  EXPECT_TRUE(enabled("anna@example.org"));
}

TEST_F(OutsidePeople, StayDisabledWhenAnAdministratorDisabledThemHere) {
  person("anna");
  sync();
  auto anna = *directory_->find("anna@example.org");
  anna.enabled = false;
  ASSERT_TRUE(directory_->update_principal(anna));
  sync();
  EXPECT_FALSE(enabled("anna@example.org"));
}

TEST_F(OutsidePeople, AreDisabledWhenTheyAreMissedOftenEnough) {
  person("anna");
  person("bert");
  sync();
  servers_.remove(test::dn("anna"));
  const auto anna = directory_->find("anna@example.org")->id;
  EXPECT_EQ(sync().gone, 1u);
  EXPECT_TRUE(enabled("anna@example.org"));
  EXPECT_THAT(ended_, ElementsAre(anna));  // who is asked for in vain when he signs in again
  sync();
  EXPECT_FALSE(enabled("anna@example.org"));
  EXPECT_TRUE(enabled("bert@example.org"));
  EXPECT_THAT(ended_, ElementsAre(anna, anna));
  person("anna");
  sync();
  EXPECT_TRUE(enabled("anna@example.org"));
}

TEST_F(OutsidePeople, AreNotAllDisabledAtOnce) {
  for (const char* name : {"anna", "bert", "carl", "dora", "emil", "fred"}) person(name);
  sync();
  for (const char* name : {"anna", "bert", "carl", "dora"}) servers_.remove(test::dn(name));
  sync();
  const auto stopped = sync();
  EXPECT_TRUE(stopped.stopped);
  EXPECT_TRUE(enabled("anna@example.org"));
  EXPECT_THAT(sink_.lines(), Contains(HasSubstr("outside.safety_stop")));
  // An answer without anybody.
  for (const char* name : {"emil", "fred"}) servers_.remove(test::dn(name));
  EXPECT_TRUE(sync().stopped);
  EXPECT_THAT(ended_, IsEmpty());
}

TEST_F(OutsidePeople, AreNotDisabledWhenNobodyAnswers) {
  person("anna");
  sync();
  all_fail();
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(sync().error.empty());
  EXPECT_TRUE(enabled("anna@example.org"));
}

TEST_F(OutsidePeople, AreAskedForChangesInBetween) {
  person("anna", {{"changed", {"20260101000000Z"}}});
  auto& bert = person("bert", {{"changed", {"20260102000000Z"}}});
  ASSERT_EQ(outside_->refresh_due().at(0).listed, 2u);
  EXPECT_THAT(outside_->refresh_due(), IsEmpty());
  clock_.advance(std::chrono::minutes(5));
  bert["changed"] = {"20260103000000Z"};
  bert["locked"] = {"yes"};
  const auto done = outside_->refresh_due();
  ASSERT_THAT(done, SizeIs(1));
  EXPECT_FALSE(done[0].complete);
  EXPECT_EQ(done[0].listed, 1u);
  EXPECT_FALSE(enabled("bert@example.org"));
  clock_.advance(std::chrono::hours(1));
  EXPECT_TRUE(outside_->refresh_due().at(0).complete);
}

TEST_F(OutsidePeople, LoseTheirSessionsAtTheNextLookWhenTheyAreGone) {
  for (const char* name : {"anna", "bert", "carl"}) person(name, {{"changed", {"20260101000000Z"}}});
  ASSERT_TRUE(outside_->refresh_due().at(0).complete);
  const auto anna = directory_->find("anna@example.org")->id;
  signed_in_ = {anna, directory_->find("bert@example.org")->id, anna};
  servers_.remove(test::dn("anna"));
  servers_.remove(test::dn("carl"));  // who has no session
  clock_.advance(std::chrono::minutes(5));
  const auto done = outside_->refresh_due().at(0);
  EXPECT_FALSE(done.complete);
  EXPECT_EQ(done.gone, 1u);
  EXPECT_THAT(ended_, ElementsAre(anna));
  EXPECT_EQ(kind("anna@example.org", "password of anna"), Kind::wrong);
  EXPECT_TRUE(enabled("anna@example.org"));  // until they are missed once more
  clock_.advance(std::chrono::hours(1));
  ASSERT_TRUE(outside_->refresh_due().at(0).complete);
  EXPECT_FALSE(enabled("anna@example.org"));
  EXPECT_TRUE(enabled("carl@example.org"));
}

TEST_F(OutsidePeople, AreLookedAtWhileTheyAreSignedInThoughNothingChanged) {
  auto& anna = person("anna", {{"changed", {"20260101000000Z"}}});
  auto& bert = person("bert", {{"changed", {"20260101000000Z"}}});
  person("carl", {{"changed", {"20260102000000Z"}}});
  ASSERT_TRUE(outside_->refresh_due().at(0).complete);
  signed_in_ = {directory_->find("anna@example.org")->id};
  anna["locked"] = bert["locked"] = {"by itself, as accounts expire"};
  clock_.advance(std::chrono::minutes(5));
  ASSERT_FALSE(outside_->refresh_due().at(0).complete);
  EXPECT_FALSE(enabled("anna@example.org"));
  EXPECT_TRUE(enabled("bert@example.org"));
  EXPECT_THAT(ended_, ElementsAre(directory_->find("anna@example.org")->id));
}

TEST_F(OutsidePeople, DoNotAllLoseTheirSessionsAtOnce) {
  for (const char* name : {"anna", "bert", "carl", "dora", "emil", "fred"}) {
    person(name, {{"changed", {"20260101000000Z"}}});
  }
  ASSERT_TRUE(outside_->refresh_due().at(0).complete);
  for (const char* name : {"anna", "bert", "carl", "dora"}) {
    signed_in_.push_back(directory_->find(std::string(name) + "@example.org")->id);
    servers_.remove(test::dn(name));
  }
  clock_.advance(std::chrono::minutes(5));
  EXPECT_TRUE(outside_->refresh_due().at(0).stopped);
  EXPECT_THAT(ended_, IsEmpty());
  clock_.advance(std::chrono::minutes(5));
  all_fail();
  EXPECT_FALSE(outside_->refresh_due().at(0).error.empty());
  EXPECT_THAT(ended_, IsEmpty());
}

TEST_F(OutsidePeople, AreInGroups) {
  person("anna");
  person("bert", {{"memberOf", {"cn=inner,ou=groups"}}});
  person("carl");
  auto& staff =
      group("staff", {{"mail", {"staff@example.org"}}, {"member", {test::dn("anna"), "CN=inner, ou=groups"}}});
  group("inner", {});
  group("outer", {{"mail", {"outer@example.org"}}, {"member", {"cn=staff,ou=groups"}}, {"memberUid", {"carl"}}});
  sync();
  const auto members = [&](std::string_view address) { return *directory_->members(directory_->find(address)->id); };
  EXPECT_THAT(members("staff@example.org"), ElementsAre("anna@example.org", "bert@example.org"));
  EXPECT_THAT(members("outer@example.org"), ElementsAre("carl@example.org", "staff@example.org"));
  staff["member"] = {test::dn("carl")};
  sync();
  EXPECT_THAT(members("staff@example.org"), ElementsAre("carl@example.org"));
  servers_.remove("cn=staff,ou=groups");
  sync();
  sync();
  EXPECT_FALSE(enabled("staff@example.org"));
  EXPECT_TRUE(enabled("outer@example.org"));
}

TEST_F(OutsidePeople, LeaveGroupsOfOthersAlone) {
  person("anna");
  ASSERT_TRUE(directory_->add_principal(PrincipalKind::group, "staff@example.org", "Ours"));
  group("staff", {{"mail", {"staff@example.org"}}, {"member", {test::dn("anna")}}});
  sync();
  EXPECT_THAT(*directory_->members(directory_->find("staff@example.org")->id), IsEmpty());
  EXPECT_THAT(sink_.lines(), Contains(HasSubstr("outside.address_taken")));
}

TEST_F(OutsidePeople, MayHaveTheirPasswordsElsewhere) {
  Settings people = settings();
  people.sign_in = people.groups = false;
  people.name = "people";
  people.people_filter = "(q=*)";
  Settings passwords = test::settings();
  std::vector<Settings> both;
  both.push_back(std::move(people));
  both.push_back(std::move(passwords));
  outside_->set(std::move(both));
  person("anna");
  servers_.add("cn=Anna,o=people", {"(q=*)"}, "not this one", {{"mail", {"anna@example.org"}}, {"entryUUID", {"1"}}});
  servers_.add("cn=Bert,o=people", {"(q=*)"}, "", {{"mail", {"bert@example.org"}}, {"entryUUID", {"2"}}});
  outside_->refresh_all();
  EXPECT_EQ(kind("anna@example.org", "password of anna"), Kind::right);
  EXPECT_EQ(kind("anna@example.org", "not this one"), Kind::wrong);
  servers_.remove("cn=Anna,o=people");
  for (int i = 0; i < 3; ++i) outside_->refresh_all();
  EXPECT_FALSE(enabled("anna@example.org"));
  EXPECT_TRUE(enabled("bert@example.org"));
}

TEST_F(OutsidePeople, LoseSessionsAndKeepAccountsWhereTheyOnlySignIn) {
  Settings s = settings();
  s.people = s.groups = false;
  open(std::move(s));
  person("anna");
  person("bert");
  for (const char* address : {"anna@example.org", "bert@example.org"}) {
    ASSERT_TRUE(directory_->add_principal(PrincipalKind::person, address, ""));
    ASSERT_EQ(kind(address, std::string("password of ") + std::string(address).substr(0, 4)), Kind::right);
  }
  servers_.remove(test::dn("anna"));
  sync();
  EXPECT_THAT(ended_, ElementsAre(directory_->find("anna@example.org")->id));
  EXPECT_TRUE(enabled("anna@example.org"));
  EXPECT_EQ(kind("anna@example.org", "password of anna"), Kind::wrong);
}

}  // namespace
}  // namespace gatepost::outside
