#include <gmock/gmock.h>

#include "directory/directory.hpp"
#include "imap/server/test_support.hpp"

namespace gatepost::imap::server {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ImapQuota : public testing::Test {
 protected:
  ImapQuota() {
    world.add(kBob, kBobsPassword);
    set_role(kAnna, directory::Role::admin);
  }
  void set_role(std::string_view who, directory::Role role) {
    auto principal = *world.directory->find(who);
    principal.role = role;
    EXPECT_TRUE(world.directory->update_principal(principal));
  }
  directory::Principal principal(std::string_view who) { return *world.directory->find(who); }

  World world;
};

TEST_F(ImapQuota, IsSetByAdministratorsAlone) {
  Talk anna(world), bob(world);
  anna.enter();
  bob.enter(kBob, kBobsPassword);
  EXPECT_THAT(anna.line("a CAPABILITY"), HasSubstr(" QUOTASET"));
  EXPECT_THAT(bob.line("a CAPABILITY"), Not(HasSubstr(" QUOTASET")));
  EXPECT_THAT(bob.line("b SETQUOTA \"\" (STORAGE 5)"), StartsWith("b NO [NOPERM]"));
  // The role counts as it is now.
  set_role(kBob, directory::Role::helpdesk);
  EXPECT_THAT(bob.line("c SETQUOTA \"\" (STORAGE 5)"), StartsWith("c NO [NOPERM]"));
  set_role(kBob, directory::Role::admin);
  EXPECT_THAT(bob.line("d SETQUOTA \"\" (STORAGE 5)"), HasSubstr("d OK SETQUOTA completed"));
  EXPECT_EQ(principal(kBob).quota_octets, 5'120U);
  set_role(kBob, directory::Role::none);
  EXPECT_THAT(bob.line("e SETQUOTA \"\" ()"), StartsWith("e NO [NOPERM]"));
  EXPECT_EQ(principal(kBob).quota_octets, 5'120U);
}

TEST_F(ImapQuota, TakesTheLimitsThatAreNamedAndDropsTheOthers) {
  Talk anna(world);
  anna.enter();
  const std::string root = "\"Other Users/bob@example.org\"";
  EXPECT_THAT(anna.line("a SETQUOTA " + root + " (STORAGE 1000 message 50)"), HasSubstr("a OK SETQUOTA completed"));
  EXPECT_EQ(principal(kBob).quota_octets, 1'024'000U);
  EXPECT_EQ(principal(kBob).quota_messages, 50U);
  EXPECT_THAT(anna.line("b SETQUOTA " + root + " (MESSAGE 7)"), HasSubstr("b OK SETQUOTA completed"));
  EXPECT_EQ(principal(kBob).quota_octets, 0U);
  EXPECT_EQ(principal(kBob).quota_messages, 7U);
  EXPECT_THAT(anna.line("c SETQUOTA " + root + " ()"), HasSubstr("c OK SETQUOTA completed"));
  EXPECT_EQ(principal(kBob).quota_messages, 0U);
  EXPECT_THAT(anna.line("d GETQUOTA " + root), StartsWith("* QUOTA " + root));
}

TEST_F(ImapQuota, RefusesWhatIsNoLimitOrNoRoot) {
  Talk anna(world);
  anna.enter();
  for (const std::string_view bad : {"(ANNOTATION-STORAGE 5)", "(STORAGE 0)", "(STORAGE 9223372036854775807)"}) {
    EXPECT_THAT(anna.line("a SETQUOTA \"\" " + std::string(bad)), StartsWith("a NO [")) << bad;
  }
  for (const std::string_view bad : {"(STORAGE)", "(STORAGE -1)", "STORAGE 5", "(STORAGE 5", "(STORAGE 5 )"}) {
    EXPECT_THAT(anna.line("a SETQUOTA \"\" " + std::string(bad)), StartsWith("a BAD ")) << bad;
  }
  for (const std::string_view root : {"nonsense", "\"Other Users/nobody@example.org\"", "\"Shared/bob@example.org\"",
                                      "\"Other Users/bob@example.org/INBOX\"", "\"Other Users\""}) {
    EXPECT_THAT(anna.line("a SETQUOTA " + std::string(root) + " (STORAGE 5)"), StartsWith("a NO [NONEXISTENT]"))
        << root;
  }
  EXPECT_EQ(principal(kAnna).quota_octets, 0U);
}

}  // namespace
}  // namespace gatepost::imap::server
