#include <gmock/gmock.h>

#include "account/account_fixture.hpp"

namespace gatepost::account {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class TheFolders : public AccountFixture {};
INSTANTIATE_TEST_SUITE_P(Engines, TheFolders, testing::ValuesIn(kEngines),
                         [](const auto& i) { return std::string(i.param); });

TEST_P(TheFolders, AreCreatedWithTheirParents) {
  const auto a = account();
  ASSERT_TRUE(a->create_folder("a/b/c"));
  EXPECT_TRUE(a->find_folder("a/b"));
  EXPECT_EQ(a->create_folder("a/b").error().code, Errc::already_exists);
  EXPECT_EQ(a->create_folder("inBox").error().code, Errc::already_exists);
  EXPECT_EQ(a->create_folder("Inbox/x")->path, "INBOX/x");
  for (const char* bad : {"", "a//b", "/a", "a/", "a\nb", "\xff"})
    EXPECT_EQ(a->create_folder(bad).error().code, Errc::invalid);
  EXPECT_EQ(a->create_folder(std::string(256, 'n')).error().code, Errc::invalid);
  std::string deep = "d";
  for (int i = 1; i < 50; ++i) deep += "/d";
  EXPECT_TRUE(a->create_folder(deep));
  EXPECT_EQ(a->create_folder(deep + "/d").error().code, Errc::limit);
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(TheFolders, GetAFreshUidValidityWithinTheSameSecond) {
  const auto a = account();
  const std::uint32_t first = a->create_folder("x")->uid_validity;
  ASSERT_TRUE(a->delete_folder(folder(*a, "x")));
  const std::uint32_t second = a->create_folder("x")->uid_validity;
  EXPECT_GT(second, first);
  ASSERT_TRUE(a->delete_folder(folder(*a, "x")));
  restart();
  EXPECT_GT(account()->create_folder("x")->uid_validity, second);
}

TEST_P(TheFolders, StayAsNamesWhileTheyHoldOthers) {
  const auto a = account();
  ASSERT_TRUE(a->create_folder("p/c"));
  const Folder before = *a->find_folder("p");
  add(*a, before.id, "gone");
  add(*a, folder(*a, "p/c"), "stays");
  ASSERT_TRUE(a->delete_folder(before.id));
  const Folder after = *a->find_folder("p");
  EXPECT_FALSE(after.selectable);
  EXPECT_EQ(a->quota()->messages, 1U);
  EXPECT_EQ(a->find_folder("p/c")->total, 1U);
  EXPECT_EQ(a->delete_folder(after.id).error().code, Errc::denied);
  const NewItem item = message("no");
  EXPECT_EQ(a->append(after.id, std::span(&item, 1)).error().code, Errc::not_found);
  const auto again = a->create_folder("p");
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->selectable);
  EXPECT_GT(again->uid_validity, before.uid_validity);
  restart();
  EXPECT_EQ(account()->find_folder("p/c")->total, 1U);
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(TheFolders, KeepTheirIdentityWhenRenamed) {
  const auto a = account();
  ASSERT_TRUE(a->create_folder("a/b/c"));
  add(*a, folder(*a, "a/b/c"), "x");
  const Folder before = *a->find_folder("a/b/c");
  ASSERT_TRUE(a->rename_folder(folder(*a, "a"), "new/place/a2"));
  EXPECT_FALSE(a->find_folder("a"));
  const Folder after = *a->find_folder("new/place/a2/b/c");
  EXPECT_EQ(after.id, before.id);
  EXPECT_EQ(after.uid_validity, before.uid_validity);
  EXPECT_EQ(after.total, 1U);
  EXPECT_EQ(a->rename_folder(folder(*a, "new"), "new/place/x").error().code, Errc::denied);
  EXPECT_EQ(a->rename_folder(folder(*a, "new"), "Sent").error().code, Errc::already_exists);
  restart();
  EXPECT_EQ(account()->find_folder("new/place/a2/b/c")->id, before.id);
}

TEST_P(TheFolders, MoveTheMessagesWhenTheInboxIsRenamed) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX");
  add(*a, inbox, "x");
  ASSERT_TRUE(a->rename_folder(inbox, "Old"));
  EXPECT_EQ(a->find_folder("INBOX")->id, inbox);
  EXPECT_EQ(a->find_folder("INBOX")->total, 0U);
  EXPECT_EQ(a->find_folder("Old")->total, 1U);
  EXPECT_EQ(a->delete_folder(inbox).error().code, Errc::denied);
}

TEST_P(TheFolders, RememberSubscribedNamesThatDoNotExist) {
  const auto a = account();
  ASSERT_TRUE(a->set_subscribed("not/there", true));
  ASSERT_TRUE(a->set_subscribed("Sent", false));
  EXPECT_FALSE(a->find_folder("Sent")->subscribed);
  restart();
  EXPECT_THAT(*account()->subscriptions(), ElementsAre("Archive", "Drafts", "INBOX", "Junk", "Trash", "not/there"));
}

TEST_P(TheFolders, HaveEachRoleOnce) {
  const auto a = account();
  const FolderId x = a->create_folder("x")->id;
  EXPECT_EQ(a->set_role(x, Role::sent).error().code, Errc::already_exists);
  ASSERT_TRUE(a->set_role(folder(*a, "Sent"), Role::none));
  ASSERT_TRUE(a->set_role(x, Role::sent));
  EXPECT_EQ(a->set_role(x, Role::inbox).error().code, Errc::denied);
  EXPECT_EQ(a->create_folder("y", Role::trash).error().code, Errc::already_exists);
  EXPECT_EQ(a->create_folder("y", Role::flagged)->role, Role::flagged);
}

// RFC 5198 3, RFC 9051 5.1
TEST_P(TheFolders, HaveComposedNames) {
  const auto a = account();
  const std::string decomposed = "Entwu\xcc\x88rfe", composed = "Entw\xc3\xbcrfe";
  EXPECT_EQ(a->create_folder(decomposed + "/a")->path, composed + "/a");
  EXPECT_EQ(a->create_folder(composed).error().code, Errc::already_exists);
  EXPECT_TRUE(a->find_folder(decomposed));
  EXPECT_EQ(a->create_folder(decomposed + "/b")->parent, a->find_folder(composed)->id);
  ASSERT_TRUE(a->rename_folder(a->find_folder(composed + "/a")->id, decomposed + "/u\xcc\x88"));
  EXPECT_TRUE(a->find_folder(composed + "/\xc3\xbc"));
  ASSERT_TRUE(a->set_subscribed(decomposed, true));
  EXPECT_TRUE(a->find_folder(composed)->subscribed);
  ASSERT_TRUE(a->set_subscribed(decomposed, false));
  EXPECT_FALSE(a->find_folder(composed)->subscribed);
}

TEST_P(TheFolders, KeepTheUidsOfAnotherServer) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX");
  ASSERT_TRUE(a->adopt_uid_validity(inbox, 1'234));
  EXPECT_EQ(a->folder(inbox)->uid_validity, 1'234U);
  EXPECT_EQ(a->adopt_uid_validity(inbox, 0).error().code, Errc::invalid);
  EXPECT_EQ(a->adopt_uid_validity(inbox, 0xffff'ffff).error().code, Errc::invalid);
  EXPECT_EQ(a->adopt_uid_validity(FolderId{9'999}, 5).error().code, Errc::not_found);
  std::vector<NewItem> items(4, message("x"));
  items[0].uid = 7;
  items[1].uid = 9;
  items[3].uid = 200'000;
  EXPECT_THAT(a->append(inbox, items)->uids, ElementsAre(7, 9, 10, 200'000));
  EXPECT_EQ(a->adopt_uid_validity(inbox, 1'235).error().code, Errc::conflict);
  items.resize(1);
  items[0].uid = 200'000;
  EXPECT_EQ(a->append(inbox, items).error().code, Errc::conflict);
  items[0].uid = 0xffff'fff8;
  EXPECT_EQ(a->append(inbox, items).error().code, Errc::limit);
  EXPECT_EQ(a->folder(inbox)->uid_next, 200'001U);
  EXPECT_EQ(*a->open_folder(inbox, false)->uids, set({7, 9, 10, 200'000}));
  // None of the others was ever there.
  EXPECT_TRUE(a->changes(inbox, 0)->vanished.empty());
  EXPECT_THAT(findings(), IsEmpty());
  restart();
  EXPECT_EQ(*account()->open_folder(inbox, false)->uids, set({7, 9, 10, 200'000}));
  // What comes after has a UIDVALIDITY of its own.
  EXPECT_GT(account()->create_folder("new")->uid_validity, 1'234U);
}

TEST_P(TheFolders, LimitKeywords) {
  const auto a = account();
  std::vector<std::string> names;
  for (int i = 0; i < 1'001; ++i) names.push_back("k" + std::to_string(i));
  EXPECT_EQ(a->keyword_ids(names, true).error().code, Errc::limit);
  names.pop_back();
  EXPECT_EQ(a->keyword_ids(names, true)->size(), 1'000U);
  EXPECT_EQ(a->keyword_ids({"K7", "unknown"}, false)->size(), 1U);
  restart();
  EXPECT_EQ((*account()->keywords())->size(), 1'000U);
}

}  // namespace
}  // namespace gatepost::account
