#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "directory/test_support.hpp"

namespace gatepost::directory {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class Contacts : public testing::Test {
 protected:
  std::vector<std::string> reached(std::string_view address) {
    std::vector<std::string> out;
    const auto found = dir->resolve(address);
    if (!found) return {std::string(to_string(found.error().code))};
    for (const Destination& one : *found) {
      EXPECT_EQ(one.kind == Destination::Kind::outside, one.address.ends_with("example.net"));
      out.push_back(one.address);
    }
    return out;
  }

  TestDirectory dir;
  bool served = dir->add_domain("example.org").has_value() && dir->add_domain("example.com").has_value();
  Principal anna = dir.person("anna@example.org", "long enough");
};

TEST_F(Contacts, AreElsewhereAndHaveAHomeHere) {
  const auto paul = dir->add_contact("Paul@Example.NET", "Paul Partner", "Example.ORG");
  ASSERT_TRUE(paul);
  EXPECT_EQ(paul->address, "paul@example.net");
  EXPECT_EQ(home_domain(*paul), "example.org");
  EXPECT_EQ(code(dir->add_contact("paul@example.net", "", "example.com")), Errc::already_exists);
  EXPECT_EQ(code(dir->add_contact("ben@example.com", "", "example.org")), Errc::invalid) << "of a domain of ours";
  EXPECT_EQ(code(dir->add_contact("ben@example.net", "", "example.info")), Errc::not_found);
  EXPECT_EQ(code(dir->add_principal(PrincipalKind::contact, "ben@example.net", "")), Errc::invalid);
  dir.reopen();
  const auto again = dir->find_contact("PAUL@example.net");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->kind, PrincipalKind::contact);
  EXPECT_EQ(again->home, "example.org");
  EXPECT_EQ(code(dir->add_domain("example.net")), Errc::conflict) << "it would be somebody's here";
  EXPECT_EQ(code(dir->remove_domain("example.org")), Errc::conflict);
}

TEST_F(Contacts, NeverSignInAndAreNobodyWhomRightsAreFor) {
  const auto paul = dir->add_contact("paul@example.net", "", "example.org");
  ASSERT_TRUE(dir->add_alias("paul@example.org", {"paul@example.net"}));
  for (const char* name : {"paul@example.net", "paul@example.org"}) {
    EXPECT_EQ(code(dir->find(name)), Errc::not_found) << name;
    EXPECT_FALSE(dir->is_known(name));
    EXPECT_EQ(code(dir->verify_password(name, Secret("long enough"))), Errc::unauthenticated);
  }
  EXPECT_EQ(code(dir->set_password(paul->id, Secret("long enough"))), Errc::invalid);
  EXPECT_EQ(code(dir->add_app_password(paul->id, "phone")), Errc::invalid);
  EXPECT_EQ(code(dir->find_grantee("paul@example.net")), Errc::not_found);
}

TEST_F(Contacts, AreReachedByAliasesAndGroups) {
  const auto team = dir->add_principal(PrincipalKind::group, "team@example.org", "");
  ASSERT_TRUE(dir->add_members(team->id, {"paul@example.net", "anna@example.org"}));
  const auto paul = dir->add_contact("paul@example.net", "", "example.org");
  EXPECT_THAT(*dir->members(team->id), ElementsAre("anna@example.org", "paul@example.net"));
  EXPECT_TRUE(dir->is_member(team->id, paul->id)) << "the bare address became the contact";
  const std::uint64_t before = dir->change();
  ASSERT_TRUE(dir->add_alias("paul@example.org", {"paul@example.net"}));
  std::vector<std::string> aliases;
  (void)dir->changes_since(before, [&](const Profile& p) {
    EXPECT_EQ(p.principal.id, paul->id);
    for (const std::string_view alias : p.aliases) aliases.emplace_back(alias);
  });
  EXPECT_THAT(aliases, ElementsAre("paul@example.org"));
  EXPECT_THAT(reached("paul@example.org"), ElementsAre("paul@example.net"));
  EXPECT_THAT(reached("team@example.org"), UnorderedElementsAre("anna@example.org", "paul@example.net"));
  ASSERT_TRUE(dir->remove_member(team->id, "paul@example.net"));
  ASSERT_TRUE(dir->add_members(team->id, {"paul@example.net"}));
  dir.reopen();
  EXPECT_TRUE(dir->is_member(team->id, paul->id));

  ASSERT_TRUE(dir->remove_principal(paul->id));
  EXPECT_THAT(reached("team@example.org"), ElementsAre("anna@example.org"));
  EXPECT_THAT(reached("paul@example.org"), ElementsAre("paul@example.net")) << "the alias is its own";
  const auto gone = dir->changes_since(before, [](const Profile&) {});
  ASSERT_EQ(gone.removed.size(), 1U);
  EXPECT_EQ(gone.removed.front().home, "example.org");
  dir.reopen();
  EXPECT_EQ(dir->changes_since(before, [](const Profile&) {}).removed.front().home, "example.org");
}

class AddressBooks : public Contacts {
 protected:
  AddressBooks() {
    (void)dir->add_members(team.id, {"anna@example.org"});
    (void)dir->add_members(board.id, {"ben@example.com", "team@example.org"});
  }
  std::vector<std::string> seen(const Principal& viewer, bool own_domain_only = false) {
    const Sight sight = dir->sight(*dir->principal(viewer.id), own_domain_only);
    std::vector<std::string> out;
    for (const Principal& one : *dir->principals()) {
      if (sight.sees(one)) out.push_back(one.address);
    }
    return out;
  }

  Principal ben = dir.person("ben@example.com"), cleo = dir.person("cleo@example.com");
  Principal team = *dir->add_principal(PrincipalKind::group, "team@example.org", "");
  Principal board = *dir->add_principal(PrincipalKind::group, "board@example.com", "");
  Principal paul = *dir->add_contact("paul@example.net", "", "example.org");
};

TEST_F(AddressBooks, SayWhoSeesWhomAndTheOptionOtherwise) {
  EXPECT_EQ(seen(anna).size(), 6U);
  EXPECT_THAT(seen(anna, true), ElementsAre("anna@example.org", "team@example.org", "paul@example.net"));
  ASSERT_TRUE(dir->put_address_book({"schools", {"team@example.org"}, {"board@example.com"}}));
  // Through groups in groups, with the groups themselves.
  EXPECT_THAT(seen(anna),
              UnorderedElementsAre("anna@example.org", "ben@example.com", "team@example.org", "board@example.com"));
  EXPECT_EQ(seen(cleo).size(), 6U) << "no policy is about her";
  ASSERT_TRUE(dir->put_address_book({"partners", {"example.org"}, {"paul@example.net"}}));
  EXPECT_EQ(seen(anna).size(), 5U) << "both of hers together";
  ASSERT_TRUE(dir->put_address_book({"own", {"example.com"}, {"example.com"}}));
  EXPECT_THAT(seen(cleo), ElementsAre("ben@example.com", "cleo@example.com", "board@example.com"));
  const Sight sight = dir->sight(*dir->principal(cleo.id), false);
  EXPECT_TRUE(sight.sees_domain("example.com"));
  EXPECT_FALSE(sight.sees_domain("example.org"));
  EXPECT_FALSE(sight.sees_all());

  Principal chief = *dir->principal(cleo.id);
  chief.role = Role::auditor;
  ASSERT_TRUE(dir->update_principal(chief));
  EXPECT_EQ(seen(cleo).size(), 6U) << "whoever has a role sees all";
}

TEST_F(AddressBooks, FollowTheGroupsTheyName) {
  ASSERT_TRUE(dir->put_address_book({"b", {"anna@example.org"}, {"board@example.com"}}));
  const std::uint64_t mark = dir->sight(anna, false).seen->mark;
  ASSERT_TRUE(dir->add_members(board.id, {"cleo@example.com"}));
  EXPECT_THAT(seen(anna), ::testing::Contains("cleo@example.com"));
  EXPECT_NE(dir->sight(anna, false).seen->mark, mark);
  ASSERT_TRUE(dir->remove_member(board.id, "cleo@example.com"));
  EXPECT_EQ(dir->sight(anna, false).seen->mark, mark) << "the same people again";
}

TEST_F(AddressBooks, AreKeptAndLoseWhatIsGone) {
  ASSERT_TRUE(dir->put_address_book({"b", {"Team@example.org", "EXAMPLE.com", "example.com"}, {"paul@example.net"}}));
  dir.reopen();
  auto all = dir->address_books();
  ASSERT_EQ(all->size(), 1U);
  EXPECT_EQ(all->front(), (AddressBook{"b", {"team@example.org", "example.com"}, {"paul@example.net"}}));
  ASSERT_TRUE(dir->remove_principal(paul.id));
  ASSERT_TRUE(dir->remove_principal(team.id));
  dir.reopen();
  EXPECT_EQ(dir->address_books()->front(), (AddressBook{"b", {"example.com"}, {}}));
  EXPECT_THAT(seen(cleo), ElementsAre("cleo@example.com")) << "what shows nobody does not show all";
  ASSERT_TRUE(dir->remove_address_book("b"));
  EXPECT_EQ(code(dir->remove_address_book("b")), Errc::not_found);
  EXPECT_THAT(*dir->address_books(), IsEmpty());
}

TEST_F(AddressBooks, RefuseNamesOfNobody) {
  EXPECT_EQ(code(dir->put_address_book({"", {"example.org"}, {"example.org"}})), Errc::invalid);
  EXPECT_EQ(code(dir->put_address_book({"a\nb", {"example.org"}, {"example.org"}})), Errc::invalid);
  EXPECT_EQ(code(dir->put_address_book({"b", {"nobody@example.org"}, {}})), Errc::not_found);
  EXPECT_EQ(code(dir->put_address_book({"b", {}, {"example.info"}})), Errc::not_found);
  EXPECT_EQ(code(dir->put_address_book({"b", std::vector<std::string>(kMaxAddressBookNames + 1, "example.org"), {}})),
            Errc::limit);
}

}  // namespace
}  // namespace gatepost::directory
