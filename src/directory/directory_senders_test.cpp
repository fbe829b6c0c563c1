#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "directory/test_support.hpp"

namespace gatepost::directory {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using AuthorKind = Authorship::Kind;

class DirectorySenders : public testing::Test {
 protected:
  PrincipalId add(PrincipalKind kind, std::string_view address) { return dir->add_principal(kind, address, "")->id; }
  void grant(PrincipalId of, SendRight right, PrincipalId who) {
    ASSERT_TRUE(dir->change_senders(of, right, {who}, {}));
  }
  AuthorKind may(const Principal& who, std::string_view address) { return dir->authorship(who.id, address)->kind; }
  std::vector<std::string> senders(PrincipalId of, SendRight right) {
    std::vector<std::string> out;
    for (const Principal& one : dir->senders(of, right)) out.push_back(one.address);
    return out;
  }
  std::vector<std::string> sends_for(PrincipalId id) {
    std::vector<std::string> out;
    for (const auto& one : dir->sends_for(id)) {
      out.push_back(one.principal.address + " " + std::string(to_string(one.right)));
    }
    return out;
  }

  TestDirectory dir;
  bool served = dir->add_domain("example.org").has_value();
  Principal anna = dir.person("anna@example.org"), ben = dir.person("ben@example.org");
  PrincipalId sales = add(PrincipalKind::shared_mailbox, "sales@example.org");
};

TEST_F(DirectorySenders, AnAddressIsOnesOwnOrOfWhoGrantedARight) {
  EXPECT_EQ(may(anna, "anna+x@example.org"), AuthorKind::own);
  EXPECT_EQ(may(anna, "sales@example.org"), AuthorKind::none);
  EXPECT_EQ(may(anna, "x@elsewhere.example"), AuthorKind::none);
  EXPECT_EQ(code(dir->authorship(anna.id, "no address")), Errc::invalid);
  grant(sales, SendRight::on_behalf, anna.id);
  EXPECT_EQ(may(anna, "Sales@Example.Org"), AuthorKind::on_behalf);
  EXPECT_EQ(may(ben, "sales@example.org"), AuthorKind::none);
  grant(sales, SendRight::as, anna.id);
  EXPECT_EQ(may(anna, "sales@example.org"), AuthorKind::send_as);
  EXPECT_EQ(dir->authorship(anna.id, "sales+x@example.org")->of, sales);
  // What leads to it is its address, too.
  ASSERT_TRUE(dir->add_alias("shop@example.org", {"sales@example.org"}));
  EXPECT_EQ(may(anna, "shop@example.org"), AuthorKind::send_as);
  EXPECT_THAT(sends_for(anna.id), ElementsAre("sales@example.org send-as"));
  EXPECT_THAT(sends_for(ben.id), IsEmpty());
  ASSERT_TRUE(dir->change_senders(sales, SendRight::as, {}, {anna.id}));
  EXPECT_EQ(may(anna, "sales@example.org"), AuthorKind::on_behalf);
}

TEST_F(DirectorySenders, AGroupStandsForAllWhoAreInIt) {
  const PrincipalId staff = add(PrincipalKind::group, "staff@example.org");
  const PrincipalId all = add(PrincipalKind::group, "all@example.org");
  ASSERT_TRUE(dir->add_members(staff, {"anna@example.org"}));
  ASSERT_TRUE(dir->add_members(all, {"staff@example.org"}));
  grant(sales, SendRight::as, all);
  EXPECT_EQ(may(anna, "sales@example.org"), AuthorKind::send_as);
  EXPECT_EQ(may(ben, "sales@example.org"), AuthorKind::none);
  EXPECT_THAT(sends_for(anna.id), ElementsAre("sales@example.org send-as"));
  ASSERT_TRUE(dir->remove_member(staff, "anna@example.org"));
  EXPECT_EQ(may(anna, "sales@example.org"), AuthorKind::none);
}

TEST_F(DirectorySenders, OneMaySendAsAGroupThoughNobodyIsInIt) {
  const PrincipalId staff = add(PrincipalKind::group, "staff@example.org");
  ASSERT_TRUE(dir->add_members(staff, {"anna@example.org"}));
  EXPECT_EQ(may(anna, "staff@example.org"), AuthorKind::none);
  grant(staff, SendRight::as, ben.id);
  EXPECT_EQ(may(ben, "staff@example.org"), AuthorKind::send_as);
  ASSERT_TRUE(dir->remove_member(staff, "anna@example.org"));
  EXPECT_EQ(may(ben, "staff@example.org"), AuthorKind::send_as);
}

TEST_F(DirectorySenders, AccessToAMailboxIsNoRightToSend) {
  ASSERT_TRUE(dir->add_share(sales, grantee(anna.id)));
  EXPECT_EQ(may(anna, "sales@example.org"), AuthorKind::none);
}

TEST_F(DirectorySenders, NobodySendsAsWhoIsDisabled) {
  grant(sales, SendRight::as, anna.id);
  Principal off = *dir->principal(sales);
  off.enabled = false;
  ASSERT_TRUE(dir->update_principal(off));
  EXPECT_EQ(may(anna, "sales@example.org"), AuthorKind::none);
  EXPECT_THAT(sends_for(anna.id), IsEmpty());
}

TEST_F(DirectorySenders, RefuseWhatMakesNoSense) {
  EXPECT_EQ(code(dir->change_senders(sales, SendRight::as, {sales}, {})), Errc::invalid);
  EXPECT_EQ(code(dir->change_senders(sales, SendRight::as, {PrincipalId{5}}, {})), Errc::not_found);
  EXPECT_EQ(code(dir->change_senders(PrincipalId{5}, SendRight::as, {anna.id}, {})), Errc::not_found);
  EXPECT_EQ(code(dir->change_senders(sales, SendRight::as, {}, {anna.id})), Errc::not_found);
  grant(sales, SendRight::as, anna.id);
  EXPECT_EQ(code(dir->change_senders(sales, SendRight::on_behalf, {}, {anna.id})), Errc::not_found);
  // Nothing of a change that is refused is done.
  EXPECT_EQ(code(dir->change_senders(sales, SendRight::as, {ben.id, sales}, {})), Errc::invalid);
  EXPECT_THAT(senders(sales, SendRight::as), ElementsAre("anna@example.org"));
}

TEST_F(DirectorySenders, AreFew) {
  std::vector<PrincipalId> many;
  for (std::size_t i = 0; i <= kMaxSenders; ++i)
    many.push_back(dir.person("p" + std::to_string(i) + "@example.org").id);
  EXPECT_EQ(code(dir->change_senders(sales, SendRight::as, many, {})), Errc::limit);
  many.pop_back();
  ASSERT_TRUE(dir->change_senders(sales, SendRight::as, many, {}));
  EXPECT_EQ(code(dir->change_senders(sales, SendRight::on_behalf, {anna.id}, {})), Errc::limit);
  ASSERT_TRUE(dir->change_senders(sales, SendRight::on_behalf, many, {}));
  ASSERT_TRUE(dir->change_senders(sales, SendRight::as, {}, many));
}

TEST_F(DirectorySenders, AreAChangeOfBothSides) {
  const std::uint64_t before = dir->change();
  grant(sales, SendRight::on_behalf, anna.id);
  std::map<std::string, std::pair<std::size_t, std::size_t>> changed;
  dir->changes_since(
      before, [&](const Profile& p) { changed[p.principal.address] = {p.delegates.size(), p.delegators.size()}; });
  EXPECT_THAT(changed, ElementsAre(std::pair("anna@example.org", std::pair(0U, 1U)),
                                   std::pair("sales@example.org", std::pair(1U, 0U))));
  const std::uint64_t after = dir->change();
  grant(sales, SendRight::on_behalf, anna.id);
  EXPECT_EQ(dir->change(), after);
}

TEST_F(DirectorySenders, AreTheSameAfterARestart) {
  grant(sales, SendRight::on_behalf, anna.id);
  grant(sales, SendRight::as, ben.id);
  Principal copies = *dir->principal(sales);
  copies.copy_sent = true;
  ASSERT_TRUE(dir->update_principal(copies));
  dir.reopen();
  EXPECT_THAT(senders(sales, SendRight::on_behalf), ElementsAre("anna@example.org"));
  EXPECT_THAT(senders(sales, SendRight::as), ElementsAre("ben@example.org"));
  EXPECT_EQ(may(ben, "sales@example.org"), AuthorKind::send_as);
  EXPECT_TRUE(dir->principal(sales)->copy_sent);
  copies.copy_sent = false;
  ASSERT_TRUE(dir->update_principal(copies));
  dir.reopen();
  EXPECT_FALSE(dir->principal(sales)->copy_sent);
}

TEST_F(DirectorySenders, GoWithEitherSide) {
  grant(sales, SendRight::on_behalf, anna.id);
  grant(sales, SendRight::as, ben.id);
  grant(ben.id, SendRight::as, anna.id);
  const std::uint64_t before = dir->change();
  ASSERT_TRUE(dir->remove_principal(ben.id));
  EXPECT_THAT(senders(sales, SendRight::as), IsEmpty());
  EXPECT_THAT(sends_for(anna.id), ElementsAre("sales@example.org send-on-behalf"));
  std::vector<std::string> changed;
  dir->changes_since(before, [&](const Profile& p) { changed.push_back(p.principal.address); });
  EXPECT_THAT(changed, testing::UnorderedElementsAre("anna@example.org", "sales@example.org"));
  // Who gets the address next was granted nothing.
  const Principal second = dir.person("ben@example.org");
  EXPECT_EQ(may(second, "sales@example.org"), AuthorKind::none);
  dir.reopen();
  EXPECT_EQ(may(second, "sales@example.org"), AuthorKind::none);
  ASSERT_TRUE(dir->remove_principal(sales));
  EXPECT_THAT(sends_for(anna.id), IsEmpty());
  dir.reopen();
}

TEST_F(DirectorySenders, GoWithWhoWasGrantedVeryMuch) {
  std::vector<PrincipalId> all;
  for (std::size_t i = 0; i < kMembersAtOnce + 5; ++i) {
    all.push_back(dir.person("p" + std::to_string(i) + "@example.org").id);
    grant(all.back(), SendRight::as, ben.id);
  }
  EXPECT_EQ(sends_for(ben.id).size(), all.size());
  ASSERT_TRUE(dir->remove_principal(ben.id));
  for (const PrincipalId of : all) EXPECT_THAT(senders(of, SendRight::as), IsEmpty());
  dir.reopen();
}

}  // namespace
}  // namespace gatepost::directory
