#include "jmap/copied_emails.hpp"

#include <gmock/gmock.h>

#include "jmap/test_world.hpp"
#include "jmap/views.hpp"

namespace gatepost::jmap {
namespace {

namespace flag = account::flag;
using account::FlagChange;
using account::Flags;
using testing::ElementsAre;

class JmapCopiedEmails : public testing::Test {
 protected:
  JmapCopiedEmails() : owner(world.account(kAnna)) {}

  NumberSet one(account::Uid uid) { return NumberSet::of(uid, uid); }
  void set(account::FolderId folder, account::Uid uid, std::uint8_t flags) {
    ASSERT_TRUE(owner->store_flags(folder, one(uid), FlagChange::add, Flags{flags, {}}, std::nullopt));
  }
  std::vector<std::shared_ptr<const FolderView>> look(std::initializer_list<account::FolderId> folders) {
    std::vector<std::shared_ptr<const FolderView>> out;
    for (const auto id : folders) out.push_back(*views.folder(*owner, id));
    return out;
  }

  World world;
  std::shared_ptr<account::Account> owner;
  Views views{64 << 20};
};

// Of few copies among many messages the account is asked, of many the lists are gone through: the answer is one.
TEST_F(JmapCopiedEmails, AreTogetherWhatTheirMessagesAre) {
  for (int i = 0; i < 2'600; ++i) world.deliver("Subject: x\r\n\r\n");
  const auto inbox = owner->find_folder("INBOX")->id, archive = owner->find_folder("Archive")->id,
             sent = owner->find_folder("Sent")->id, trash = owner->find_folder("Trash")->id;
  const auto item = [&](account::Uid uid) { return account::ItemId{uid}; };
  ASSERT_TRUE(owner->copy(inbox, one(1), archive));
  ASSERT_TRUE(owner->copy(inbox, one(1), inbox));
  ASSERT_TRUE(owner->copy(inbox, one(2), archive));
  ASSERT_TRUE(owner->copy(inbox, one(3), trash));  // which is not looked at
  ASSERT_TRUE(owner->copy(inbox, one(4), sent));
  set(archive, 1, flag::kSeen | flag::kFlagged);
  ASSERT_TRUE(owner->store_flags(archive, one(2), FlagChange::add, Flags{0, *owner->keyword_ids({"work"}, true)},
                                 std::nullopt));
  set(sent, 1, flag::kDeleted);
  const auto all = look({inbox, archive, sent});
  EXPECT_EQ(all[0]->repeats, 1U);
  EXPECT_THAT(all[0]->copied, ElementsAre(item(1)));
  EXPECT_THAT(all[1]->copied, ElementsAre(item(1), item(2)));
  EXPECT_TRUE(all[2]->lines.empty());
  for (const CopiedEmails& copied : {*CopiedEmails::of(*owner, all), CopiedEmails(all)}) {
    const auto* first = copied.find(item(1));
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(first->first, item(1));
    EXPECT_EQ(first->messages, 3U);
    EXPECT_EQ(first->flags, flag::kSeen | flag::kFlagged);
    EXPECT_THAT(first->folders, ElementsAre(inbox, archive));
    const auto* second = copied.find(item(2));
    ASSERT_NE(second, nullptr);
    EXPECT_EQ(second->flags, 0);
    EXPECT_EQ(second->keywords.size(), 1U);
    EXPECT_EQ(copied.find(item(3)), nullptr);
    EXPECT_EQ(copied.find(item(4)), nullptr);
    EXPECT_EQ(copied.unread_less(inbox), 2U);    // the first is read, as two messages were not
    EXPECT_EQ(copied.unread_less(archive), 0U);  // the second is unread in both
  }
}

// The list follows what comes and goes, in whatever order.
TEST_F(JmapCopiedEmails, AreCountedOnceInAFolder) {
  const auto inbox = owner->find_folder("INBOX")->id, archive = owner->find_folder("Archive")->id;
  world.deliver("Subject: x\r\n\r\n");
  const auto repeats = [&] {
    const auto followed = look({inbox}).front();
    Views fresh{64 << 20};
    const auto read = *fresh.folder(*owner, inbox);
    EXPECT_EQ(followed->repeats, read->repeats);
    EXPECT_EQ(followed->copied, read->copied);
    return followed->repeats;
  };
  EXPECT_EQ(repeats(), 0U);
  ASSERT_TRUE(owner->copy(inbox, one(1), inbox));
  ASSERT_TRUE(owner->copy(inbox, one(1), inbox));
  EXPECT_EQ(repeats(), 2U);
  set(inbox, 1, flag::kSeen);
  EXPECT_EQ(repeats(), 2U);
  ASSERT_TRUE(owner->move(inbox, one(1), archive));
  EXPECT_EQ(repeats(), 1U);
  ASSERT_TRUE(owner->move(archive, one(1), inbox));
  EXPECT_EQ(repeats(), 2U);
  ASSERT_TRUE(owner->remove(inbox, NumberSet::of(2, 3)));
  EXPECT_EQ(repeats(), 0U);
  EXPECT_EQ(look({inbox}).front()->copied.size(), 0U);
}

}  // namespace
}  // namespace gatepost::jmap
