#include "api/admin_access.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "admin/command.hpp"
#include "admin/journal.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "store/memory_store.hpp"

namespace gatepost::api {
namespace {

using directory::Role;

TEST(AdminAccess, NamesVerbsThatAreThere) {
  EXPECT_TRUE(std::ranges::is_sorted(admin_verbs(), {}, &AdminVerb::name));
  for (const AdminVerb& verb : admin_verbs()) {
    EXPECT_NE(std::ranges::find(admin::verbs(), verb.name, &admin::Verb::name), admin::verbs().end()) << verb.name;
    EXPECT_EQ(find_admin_verb(verb.name), &verb);
    EXPECT_EQ(admin::changes_something(verb.name), verb.changes) << verb.name;
    EXPECT_NE(verb.least, Role::none) << verb.name;
    if (verb.least == Role::auditor) EXPECT_FALSE(verb.changes) << verb.name;
  }
  EXPECT_EQ(find_admin_verb("stop"), nullptr);
  EXPECT_EQ(find_admin_verb(""), nullptr);
  EXPECT_EQ(find_admin_verb("account"), nullptr);
}

TEST(AdminAccess, ARoleIncludesTheLesserOnes) {
  EXPECT_TRUE(has_role(Role::admin, Role::helpdesk));
  EXPECT_TRUE(has_role(Role::auditor, Role::auditor));
  EXPECT_FALSE(has_role(Role::auditor, Role::helpdesk));
  EXPECT_FALSE(has_role(Role::none, Role::none));
}

TEST(AdminAccess, HelpersDoNotTouchThoseWhoHaveARole) {
  ManualClock clock;
  SeededRandom random{1};
  const auto store = store::open_memory({.engine = "memory"}, clock);
  const auto directory =
      *directory::Directory::open(store->keys(), {.argon2_memory_kib = 8, .argon2_iterations = 1}, clock, random);
  ASSERT_TRUE(directory->add_domain("example.org"));
  auto anna = *directory->add_principal(directory::PrincipalKind::person, "anna@example.org", "");
  ASSERT_TRUE(directory->add_principal(directory::PrincipalKind::person, "ben@example.org", ""));
  ASSERT_TRUE(directory->add_alias("boss@example.org", {"anna@example.org"}));
  anna.role = Role::admin;
  ASSERT_TRUE(directory->update_principal(anna));
  for (const char* subject : {"anna@example.org", "ANNA@example.org", "boss@example.org"}) {
    EXPECT_EQ(check_subject(*directory, Role::helpdesk, subject, false).error().code, Errc::denied) << subject;
    EXPECT_TRUE(check_subject(*directory, Role::admin, subject, true));
  }
  EXPECT_TRUE(check_subject(*directory, Role::helpdesk, "ben@example.org", false));
  EXPECT_EQ(check_subject(*directory, Role::helpdesk, "ben@example.org", true).error().code, Errc::denied);
  EXPECT_TRUE(check_subject(*directory, Role::helpdesk, "", false));
}

}  // namespace
}  // namespace gatepost::api
