#include "ldap/server/tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "ldap/protocol/dn.hpp"
#include "ldap/server/test_support.hpp"

namespace gatepost::ldap::server {
namespace {

class LdapTree : public testing::Test {
 protected:
  std::set<std::string> all_that_match(const Matcher& matcher) {
    std::set<std::string> out;
    std::uint64_t after = 0;
    while (true) {
      const auto page = tree.page(after, 7);
      if (page.empty()) return out;
      after = page.back()->key;
      for (const EntryPtr& entry : page) {
        if (matches(matcher, *entry) == Truth::yes) out.emplace(entry->dn());
      }
    }
  }
  // What the indexes find, if they are asked at all.
  std::optional<std::set<std::string>> found(const Matcher& matcher) {
    const Selection selection = tree.select(matcher, 0);
    if (selection.everything) return std::nullopt;
    std::set<std::string> out;
    for (const EntryPtr& entry : selection.entries) {
      if (matches(matcher, *entry) == Truth::yes) out.emplace(entry->dn());
    }
    return out;
  }

  World world;
  Tree tree{*world.directory, EntryMaker("identity")};
};

TEST_F(LdapTree, IndexesFindWhatLookingAtAllFinds) {
  std::mt19937 chance(1);
  const auto pick = [&](const auto& list) -> const auto& { return list[chance() % list.size()]; };
  const std::vector<std::string> names{"anna", "Änne", "Hannah", "annabel", "O'Neil", "a b", "Berg", "Bergmann", "xx"};
  for (int i = 0; i < 150; ++i) {
    auto one = world.add("u" + std::to_string(i) + pick(std::vector<std::string>{"", "x", "anna"}) + "@example.org", "",
                         pick(names) + " " + pick(names));
    one.contact = std::make_shared<const directory::Contact>(
        directory::Contact{{directory::ContactField::phone, "+49 30 " + std::to_string(chance() % 2000)},
                           {directory::ContactField::title, pick(names)}});
    ASSERT_TRUE(world.directory->update_principal(one));
    if (i % 3 == 0) (void)world.directory->remove_principal(one.id);
    if (i % 10 == 0) tree.refresh();
  }
  tree.refresh();
  const std::vector<std::string> attributes{"cn",          "sn",    "uid",    "mail", "telephoneNumber",
                                            "displayName", "title", "unknown"};
  const std::vector<std::string> values{
      "anna",          "an",        "a",   "nn", "berg",      "bergmann", "49301", "u1",
      "x@example.org", "\\c3\\a4n", "o'n", "e",  "anna berg", "zzz"};
  const auto leaf = [&]() -> std::string {
    const std::string a = pick(attributes), v = pick(values);
    switch (chance() % 6) {
      case 0:
        return "(" + a + "=" + v + ")";
      case 1:
        return "(" + a + "=" + v + "*)";
      case 2:
        return "(" + a + "=*" + v + ")";
      case 3:
        return "(" + a + "=*" + v + "*" + pick(values) + "*)";
      case 4:
        return "(" + a + "=*)";
      default:
        return "(" + a + ">=" + v + ")";
    }
  };
  int narrowed = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string text = chance() % 3 == 0   ? leaf()
                             : chance() % 2 == 0 ? "(&" + leaf() + leaf() + "(!" + leaf() + "))"
                                                 : "(|" + leaf() + "(&" + leaf() + leaf() + "))";
    const Matcher matcher = tree.matcher(*parse_filter_text(text));
    if (const auto indexed = found(matcher)) {
      ++narrowed;
      EXPECT_EQ(*indexed, all_that_match(matcher)) << text;
    }
  }
  EXPECT_GT(narrowed, 500);
}

TEST_F(LdapTree, IsTheSameAfterItWasMadeAnew) {
  tree.refresh();
  const auto staff = world.directory->find("staff@example.org")->id;
  // Often enough that what is dead outweighs what is not.
  for (int i = 0; i < 5000; ++i) {
    auto anna = *world.directory->find(kAnna);
    anna.display_name = "Anna " + std::to_string(i);
    ASSERT_TRUE(world.directory->update_principal(anna));
    tree.refresh();
  }
  const Matcher now = tree.matcher(*parse_filter_text("(cn=anna 4999)")),
                then = tree.matcher(*parse_filter_text("(cn=anna 12)"));
  EXPECT_EQ(found(now), (std::set<std::string>{std::string(kAnnaDn)}));
  EXPECT_EQ(found(then), std::set<std::string>());
  EXPECT_NE(tree.find(staff), nullptr);
  EXPECT_EQ(tree.find("cn=staff,ou=groups,dc=example,dc=org"), tree.find(staff));
  Tree fresh(*world.directory, EntryMaker("identity"));
  fresh.refresh();
  ASSERT_EQ(fresh.size(), tree.size());
  const auto a = tree.page(0, 1000), b = fresh.page(0, 1000);
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i]->dn(), b[i]->dn());
    EXPECT_EQ(a[i]->attributes, b[i]->attributes);
    EXPECT_EQ(a[i]->key, b[i]->key);
  }
}

TEST_F(LdapTree, TheSameServerGivesTheSameIdentities) {
  tree.refresh();
  Tree same(*world.directory, EntryMaker("identity")), other(*world.directory, EntryMaker("another"));
  same.refresh();
  other.refresh();
  const auto id = world.directory->find(kAnna)->id;
  EXPECT_EQ(tree.find(id)->uuid, same.find(id)->uuid);
  EXPECT_EQ(tree.find(id)->uuid, tree.uuid_of(id));
  EXPECT_NE(tree.find(id)->uuid, other.find(id)->uuid);
}

TEST_F(LdapTree, NamesAreEscapedAndFound) {
  const auto odd = world.add("o'neil+x@example.org", "", "Odd");
  const auto quoted = world.directory->add_principal(directory::PrincipalKind::person, "\"a,b\"@example.org", "Quoted");
  tree.refresh();
  for (const directory::PrincipalId id : {odd.id, quoted->id}) {
    const EntryPtr entry = tree.find(id);
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(tree.find(normal_form(*parse_dn(entry->dn()))), entry) << entry->dn();
    EXPECT_EQ(entry->parent(), "ou=people,dc=example,dc=org");
  }
}

}  // namespace
}  // namespace gatepost::ldap::server
