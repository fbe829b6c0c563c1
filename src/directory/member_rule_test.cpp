#include "directory/member_rule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "directory/test_support.hpp"

namespace gatepost::directory {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Principal someone(Contact contact, PrincipalKind kind = PrincipalKind::person) {
  return {.kind = kind,
          .address = "anna@example.org",
          .display_name = "Anna M\u00fcller-Berg",
          .contact = std::make_shared<const Contact>(std::move(contact))};
}

bool fits(std::string_view rule, const Principal& principal) {
  const auto compiled = MemberRule::compile(rule);
  EXPECT_TRUE(compiled) << rule;
  return compiled && (*compiled)->fits(principal);
}

TEST(MemberRule, ComparesAsTheLdapServerDoes) {
  const Principal anna = someone({{ContactField::department, "Sales"},
                                  {ContactField::city, "K\u00d6LN"},
                                  {ContactField::phone, "+49 30 12-34"},
                                  {ContactField::title, "Head  of Sales "}});
  for (const char* rule :
       {"(department=sales)", "department=SALES", "(&(department=Sales)(l=k\u00f6ln))", "(telephoneNumber=+49301234)",
        "(title=head of sales)", "(title=*OF*)", "(title=h*f sales)", "(cn=anna m\u00dcller-berg)",
        "(sn=m\u00fcller-berg)", "(|(l=Berlin)(objectClass=inetOrgPerson))", "(!(l=Berlin))", "(mail=*@example.org)",
        "(uid=anna)", "(2.5.4.7=*)", "(department>=S)", "(objectClass=USER)", "(title=*sales)"}) {
    EXPECT_TRUE(fits(rule, anna)) << rule;
  }
  for (const char* rule : {"(department=Sale)", "(&(department=Sales)(l=Berlin))", "(employeeNumber=*)", "(title=of*)",
                           "(objectClass=contact)", "(!(department=sales))", "(|)"}) {
    EXPECT_FALSE(fits(rule, anna)) << rule;
  }
}

TEST(MemberRule, FitsNoGroupAndNobodyWhoIsDisabled) {
  Principal anna = someone({});
  EXPECT_TRUE(fits("(cn=*)", anna));
  anna.enabled = false;
  EXPECT_FALSE(fits("(cn=*)", anna));
  EXPECT_FALSE(fits("(cn=*)", someone({}, PrincipalKind::group)));
  const Principal contact{.kind = PrincipalKind::contact, .address = "paul@example.net", .home = "example.org"};
  EXPECT_TRUE(fits("(objectClass=contact)", contact));
  EXPECT_FALSE(fits("(uid=paul)", contact)) << "nobody signs in by it";
}

TEST(MemberRule, SaysWhatIsWrong) {
  const auto why = [](std::string_view rule) {
    const auto compiled = MemberRule::compile(rule);
    return compiled ? std::string() : compiled.error().detail;
  };
  EXPECT_THAT(why("(department=Sales"), HasSubstr("no filter"));
  EXPECT_THAT(why(""), HasSubstr("no filter"));
  EXPECT_THAT(why("(memberOf=cn=staff)"), HasSubstr("no rule knows memberOf; there are: objectClass cn"));
  EXPECT_THAT(why("(cn:caseExactMatch:=Anna)"), HasSubstr("matching rules"));
  EXPECT_THAT(why("(cn=a\nb)"), HasSubstr("control characters"));
  EXPECT_THAT(why("(telephoneNumber>=5)"), HasSubstr("no value"));
  EXPECT_EQ(code(MemberRule::compile("(cn=" + std::string(kMaxRuleOctets, 'a') + ")")), Errc::limit);
  std::string many = "(&";
  for (std::size_t i = 0; i < kMaxRuleNodes; ++i) many += "(cn=a)";
  EXPECT_EQ(code(MemberRule::compile(many + ")")), Errc::limit);
}

class RuleGroups : public testing::Test {
 protected:
  void set(const Principal& who, ContactField field, std::string value) {
    Principal now = *dir->principal(who.id);
    now.contact = std::make_shared<const Contact>(Contact{{field, std::move(value)}});
    ASSERT_TRUE(dir->update_principal(now));
  }
  std::vector<std::string> reached(std::string_view address) {
    std::vector<std::string> out;
    const auto found = dir->resolve(address);
    if (!found) return {std::string(to_string(found.error().code))};
    for (const Destination& one : *found) out.push_back(one.address);
    return out;
  }

  TestDirectory dir;
  bool served = dir->add_domain("example.org").has_value();
  Principal anna = dir.person("anna@example.org"), ben = dir.person("ben@example.org");
};

TEST_F(RuleGroups, HaveWhomTheirRuleFitsAsTheyComeAndGo) {
  const auto sales = dir->add_rule_group("sales@example.org", "Sales", "(department=Sales)");
  ASSERT_TRUE(sales);
  EXPECT_THAT(reached("sales@example.org"), ElementsAre("denied")) << "a group of nobody";
  const std::uint64_t before = dir->change();
  set(anna, ContactField::department, "Sales");
  EXPECT_THAT(reached("sales@example.org"), ElementsAre("anna@example.org"));
  EXPECT_TRUE(dir->is_member(sales->id, anna.id));
  EXPECT_FALSE(dir->is_member(sales->id, ben.id));
  EXPECT_TRUE(dir->stands_for(grantee(sales->id), anna.id));
  // Whoever follows the directory hears of the group, too.
  std::vector<std::string> changed;
  (void)dir->changes_since(before, [&](const Profile& p) {
    changed.push_back(p.principal.address);
    if (p.principal.id == sales->id) EXPECT_EQ(p.members.size(), 1U);
  });
  EXPECT_THAT(changed, UnorderedElementsAre("anna@example.org", "sales@example.org"));

  set(ben, ContactField::department, "Sales");
  ASSERT_TRUE(dir->add_contact("paul@example.net", "Paul", "example.org"));
  set(*dir->find_contact("paul@example.net"), ContactField::department, "sales");
  EXPECT_THAT(reached("sales@example.org"),
              UnorderedElementsAre("anna@example.org", "ben@example.org", "paul@example.net"));
  dir.reopen();
  EXPECT_THAT(*dir->members(sales->id), ElementsAre("anna@example.org", "ben@example.org", "paul@example.net"));

  Principal off = *dir->principal(ben.id);
  off.enabled = false;
  ASSERT_TRUE(dir->update_principal(off));
  set(anna, ContactField::department, "Support");
  EXPECT_THAT(*dir->members(sales->id), ElementsAre("paul@example.net"));
  ASSERT_TRUE(dir->remove_principal(dir->find_contact("paul@example.net")->id));
  EXPECT_THAT(*dir->members(sales->id), IsEmpty());
}

TEST_F(RuleGroups, AreMembersOfOthersAndChangeTheirRule) {
  const auto all = dir->add_rule_group("all@example.org", "", "(mail=*@example.org)");
  const auto outer = dir->add_principal(PrincipalKind::group, "outer@example.org", "");
  ASSERT_TRUE(dir->add_members(outer->id, {"all@example.org"}));
  EXPECT_THAT(reached("outer@example.org"), UnorderedElementsAre("anna@example.org", "ben@example.org"));
  EXPECT_TRUE(dir->is_member(outer->id, ben.id)) << "through the rule";
  Principal now = *dir->principal(all->id);
  now.rule = "(uid=anna)";
  ASSERT_TRUE(dir->update_principal(now));
  EXPECT_THAT(reached("outer@example.org"), ElementsAre("anna@example.org"));
  now.rule = "(nonsense=1)";
  EXPECT_EQ(code(dir->update_principal(now)), Errc::invalid);
  now.rule.clear();
  EXPECT_EQ(code(dir->update_principal(now)), Errc::invalid) << "it stays a group with a rule";
  EXPECT_EQ(code(dir->add_members(all->id, {"ben@example.org"})), Errc::conflict);
  EXPECT_EQ(code(dir->remove_member(all->id, "anna@example.org")), Errc::conflict);
  ASSERT_TRUE(dir->remove_principal(all->id));
  EXPECT_THAT(reached("outer@example.org"), ElementsAre("denied"));
}

TEST_F(RuleGroups, ArePreviewed) {
  set(ben, ContactField::city, "Berlin");
  const auto found = dir->members_by("(l=berlin)");
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().address, "ben@example.org");
  EXPECT_EQ(code(dir->members_by("(l=")), Errc::invalid);
}

}  // namespace
}  // namespace gatepost::directory
