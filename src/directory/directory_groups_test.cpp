#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "directory/test_support.hpp"

namespace gatepost::directory {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DirectoryGroups : public testing::Test {
 protected:
  PrincipalId group(std::string_view address) { return dir->add_principal(PrincipalKind::group, address, "")->id; }
  std::vector<std::string> reached(std::string_view address) {
    std::vector<std::string> out;
    const auto found = dir->resolve(address);
    if (!found) return {std::string(to_string(found.error().code))};
    for (const Destination& one : *found) out.push_back(one.address);
    return out;
  }
  std::map<std::string, std::uint64_t> changed(std::optional<std::uint64_t> since) {
    std::map<std::string, std::uint64_t> out;
    latest = dir->changes_since(since, [&](const Profile& p) { out[p.principal.address] = p.principal.change; });
    return out;
  }

  TestDirectory dir;
  bool served = dir->add_domain("example.org").has_value();
  Directory::Changes latest;
  Principal anna = dir.person("anna@example.org"), ben = dir.person("ben@example.org");
};

TEST_F(DirectoryGroups, MailGoesToTheMembersOfGroupsInGroups) {
  const auto staff = group("staff@example.org"), all = group("all@example.org");
  EXPECT_THAT(reached("staff@example.org"), ElementsAre("denied"));
  ASSERT_TRUE(dir->add_members(staff, {"anna@example.org", "Partner@Example.Net"}));
  ASSERT_TRUE(dir->add_members(all, {"staff@example.org", "ben@example.org", "anna@example.org"}));
  ASSERT_TRUE(dir->add_members(staff, {"all@example.org"}));  // a circle
  EXPECT_THAT(reached("all@example.org"),
              ::testing::UnorderedElementsAre("anna@example.org", "ben@example.org", "partner@example.net"));
  EXPECT_TRUE(dir->is_member(all, anna.id));
  EXPECT_TRUE(dir->is_member(staff, ben.id));
  EXPECT_FALSE(dir->is_member(ben.id, anna.id));
  EXPECT_TRUE(dir->stands_for(grantee(all), anna.id));
}

TEST_F(DirectoryGroups, AMemberMayNotWriteInTheNameOfTheGroup) {
  ASSERT_TRUE(dir->add_members(group("staff@example.org"), {"anna@example.org"}));
  EXPECT_FALSE(*dir->owns_address(anna.id, "staff@example.org"));
  ASSERT_TRUE(dir->add_alias("team@example.org", {"staff@example.org"}));
  EXPECT_FALSE(*dir->owns_address(anna.id, "team@example.org"));
  EXPECT_TRUE(dir->stands_for("team@example.org", anna.id));
}

TEST_F(DirectoryGroups, RefuseWhoIsNotThere) {
  const auto staff = group("staff@example.org");
  EXPECT_EQ(code(dir->add_members(staff, {"nobody@example.org"})), Errc::not_found);
  EXPECT_EQ(code(dir->add_members(staff, {"staff@example.org"})), Errc::invalid);
  EXPECT_EQ(code(dir->add_members(anna.id, {"ben@example.org"})), Errc::not_found);
  EXPECT_EQ(code(dir->remove_member(staff, "anna@example.org")), Errc::not_found);
  EXPECT_THAT(*dir->members(staff), IsEmpty());
}

TEST_F(DirectoryGroups, AreTheSameAfterARestart) {
  const auto staff = group("staff@example.org");
  ASSERT_TRUE(dir->add_members(staff, {"anna@example.org", "x@example.net"}));
  Principal with = *dir->principal(anna.id);
  with.role = Role::helpdesk;
  with.contact = std::make_shared<const Contact>(
      Contact{{ContactField::phone, "+49 30 1"}, {ContactField::phone, "+49 30 2"}, {ContactField::title, "Boss"}});
  ASSERT_TRUE(dir->update_principal(with));
  const auto before = changed({});
  dir.reopen();
  EXPECT_EQ(changed({}), before);
  EXPECT_THAT(*dir->members(staff), ElementsAre("anna@example.org", "x@example.net"));
  const Principal again = *dir->principal(anna.id);
  EXPECT_EQ(again.role, Role::helpdesk);
  EXPECT_EQ(first_of(again.contact.get(), ContactField::title), "Boss");
  EXPECT_EQ(again.contact->size(), 3U);
}

TEST_F(DirectoryGroups, WhoIsGoneIsNoMemberAnyMore) {
  const auto staff = group("staff@example.org");
  ASSERT_TRUE(dir->add_alias("a@example.org", {"anna@example.org"}));
  ASSERT_TRUE(dir->add_members(staff, {"anna@example.org", "ben@example.org", "a@example.org"}));
  ASSERT_TRUE(dir->remove_principal(anna.id));
  EXPECT_THAT(*dir->members(staff), ElementsAre("ben@example.org"));
  dir.reopen();
  EXPECT_THAT(*dir->members(staff), ElementsAre("ben@example.org"));
  ASSERT_TRUE(dir->remove_principal(staff));
  dir.reopen();
  EXPECT_THAT(reached("staff@example.org"), ElementsAre("not_found"));
}

TEST_F(DirectoryGroups, TheChangeLogTellsWhatChangedAndWhoIsGone) {
  const std::uint64_t start = dir->change();
  EXPECT_THAT(changed(start), IsEmpty());
  ASSERT_TRUE(dir->add_alias("a@example.org", {"anna@example.org"}));
  EXPECT_THAT(changed(start), ElementsAre(std::pair<const std::string, std::uint64_t>("anna@example.org", start + 1)));
  const std::uint64_t then = latest.up_to;
  EXPECT_EQ(then, dir->change());
  const auto staff = group("staff@example.org");
  ASSERT_TRUE(dir->add_members(staff, {"anna@example.org"}));
  ASSERT_TRUE(dir->remove_principal(ben.id));
  EXPECT_THAT(changed(then), ElementsAre(std::pair<const std::string, std::uint64_t>("anna@example.org", then + 2),
                                         std::pair<const std::string, std::uint64_t>("staff@example.org", then + 2)))
      << "who comes into a group changes, too";
  ASSERT_EQ(latest.removed.size(), 1U);
  EXPECT_EQ(latest.removed.front().address, "ben@example.org");
  EXPECT_TRUE(latest.complete);
  changed(latest.up_to + 1);
  EXPECT_FALSE(latest.complete);
}

TEST_F(DirectoryGroups, ContactDetailsHaveLimits) {
  Principal with = anna;
  const auto refused = [&](Contact contact) {
    with.contact = std::make_shared<const Contact>(std::move(contact));
    return code(dir->update_principal(with));
  };
  EXPECT_EQ(refused({{ContactField::title, ""}}), Errc::invalid);
  EXPECT_EQ(refused({{ContactField::title, "a\nb"}}), Errc::invalid);
  EXPECT_EQ(refused({{ContactField::title, "a"}, {ContactField::title, "b"}}), Errc::invalid);
  EXPECT_EQ(refused({{ContactField::country, "Germany"}}), Errc::invalid);
  EXPECT_EQ(refused(Contact(kMaxContactValues + 1, {ContactField::phone, "1"})), Errc::limit);
  EXPECT_EQ(refused({{ContactField::phone, "1"}}), std::nullopt);
}

}  // namespace
}  // namespace gatepost::directory
