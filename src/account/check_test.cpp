#include "account/check.hpp"

#include <gmock/gmock.h>

#include "account/account_fixture.hpp"
#include "account/records.hpp"

namespace gatepost::account {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

class ACheck : public AccountFixture {
 protected:
  // An account with something of everything; then `damage` is done to the store behind its back.
  void prepare() {
    const auto a = account();
    inbox_ = folder(*a, "INBOX");
    sent_ = folder(*a, "Sent");
    for (int i = 0; i < 6; ++i) add(*a, inbox_, "message " + std::to_string(i), i % 2 ? flag::kSeen : 0);
    ASSERT_TRUE(a->copy(inbox_, set({1, 2}), sent_));
    ASSERT_TRUE(a->remove(inbox_, set({6})));
    ASSERT_THAT(findings(), IsEmpty());
  }
  void damage(std::vector<store::Write> writes) {
    const store::Partition p{static_cast<std::uint64_t>(kOwner)};
    store::Batch batch;
    batch.writes = std::move(writes);
    ASSERT_TRUE(store_->keys().commit(p, *store_->keys().version(p), batch));
    restart();
  }
  void expect_repair(std::string_view what) {
    EXPECT_THAT(findings(), Contains(HasSubstr(std::string(what))));
    EXPECT_THAT(findings(kOwner, true), Contains(HasSubstr("(repaired)")));
    EXPECT_THAT(findings(), IsEmpty());
  }
  ItemId item_of(FolderId f, Uid uid) { return rows(*account(), f, set({uid})).at(0).item; }

  FolderId inbox_{}, sent_{};
};
INSTANTIATE_TEST_SUITE_P(Engines, ACheck, testing::ValuesIn(kEngines),
                         [](const auto& i) { return std::string(i.param); });

TEST_P(ACheck, BringsBackARowFromItsItem) {
  prepare();
  const ItemId item = item_of(inbox_, 3);
  damage({{records::row_key(inbox_, 3), "\xff junk"}});
  EXPECT_EQ(rows(*account(), inbox_).size(), 4U);
  expect_repair("row cannot be read");
  EXPECT_EQ(rows(*account(), inbox_).size(), 5U);
  EXPECT_EQ(item_of(inbox_, 3), item);
}

TEST_P(ACheck, MendsWhatItKnowsOfCopies) {
  prepare();
  const ItemId original = item_of(inbox_, 1), copy = item_of(sent_, 1);
  damage({{records::copy_key(original, copy), std::nullopt}});
  expect_repair("is missing among the copies of its email");
  damage({{records::copy_key(original, ItemId{77}), records::encode_empty()}});
  expect_repair("email: has a message that is not there");
  damage({{records::in_thread_key(original, copy), records::encode_empty()}});
  expect_repair("is missing from its conversation");
  damage({{records::row_key(sent_, 1), "\xff junk"}});
  expect_repair("row cannot be read");
  EXPECT_EQ(rows(*account(), sent_).at(0).email, original);
  EXPECT_EQ(account()->copies(), 2U);
}

TEST_P(ACheck, PutsAnItemThatIsInNoFolderIntoTheInbox) {
  prepare();
  damage({{records::row_key(sent_, 1), std::nullopt}});
  expect_repair("is in no folder");
  EXPECT_EQ(account()->folder(inbox_)->total, 6U);
  EXPECT_EQ(account()->folder(sent_)->total, 1U);
  EXPECT_EQ(account()->open_folder(inbox_, false)->uids->to_string(), "1:5,7");
}

TEST_P(ACheck, LetsARowWithoutAnItemVanish) {
  prepare();
  const Modseq since = account()->modseq();
  damage({{records::item_key(item_of(inbox_, 2)), std::nullopt}});
  expect_repair("item cannot be read");
  EXPECT_EQ(account()->folder(inbox_)->total, 4U);
  EXPECT_EQ(account()->changes(inbox_, since)->vanished.to_string(), "2");
}

TEST_P(ACheck, RebuildsIndexesAndPlaces) {
  prepare();
  const Row row = rows(*account(), inbox_, set({4})).at(0);
  damage({{records::changed_key(inbox_, row.modseq, 4), std::nullopt},
          {records::changed_key(inbox_, 1, 4), records::encode_empty()},
          {records::vanished_key(inbox_, 1, 5), records::encode(records::Vanished{})},
          {records::place_key(row.item), records::encode(records::Place{sent_, 99})},
          {records::place_key(ItemId{999}), records::encode(records::Place{sent_, 98})}});
  EXPECT_EQ(findings().size(), 4U);  // an old entry of the changed index is none
  expect_repair("place of the item is wrong");
}

TEST_P(ACheck, KnowsChangesOfManyRowsAtOnce) {
  const auto a = account();
  const FolderId archive = folder(*a, "Archive");
  const std::vector<NewItem> items(100, message("x"));
  ASSERT_TRUE(a->append(archive, items));
  const Modseq since = a->modseq();
  const auto done = a->store_flags(archive, NumberSet::of(1, 60), FlagChange::add,
                                   {.system = flag::kSeen, .keywords = {}}, std::nullopt);
  ASSERT_TRUE(done);
  EXPECT_THAT(findings(), testing::IsEmpty());
  restart();
  EXPECT_EQ(account()->changes(archive, since)->changed.to_string(), "1:60");
  EXPECT_EQ(account()->changes(archive, since - 1)->changed.to_string(), "1:100");
  // What changes again, or goes, is told as what it is now.
  ASSERT_TRUE(account()->store_flags(archive, set({5}), FlagChange::add, {.system = flag::kFlagged, .keywords = {}},
                                     std::nullopt));
  ASSERT_TRUE(account()->remove(archive, set({7, 70})));
  restart();
  const auto delta = *account()->changes(archive, since);
  EXPECT_EQ(delta.changed.to_string(), "1:6,8:60");
  EXPECT_EQ(delta.vanished.to_string(), "7,70");
  EXPECT_EQ(account()->changes(archive, done->modseq)->changed.to_string(), "5");
  EXPECT_THAT(findings(), testing::IsEmpty());
  damage({{records::changed_set_key(archive, done->modseq, 0), "\x01\xff"}});
  expect_repair("cannot be read");
  EXPECT_EQ(account()->changes(archive, since)->changed.to_string(), "1:6,8:60");
}

TEST_P(ACheck, CountsAgain) {
  prepare();
  records::FolderRecord wrong;
  wrong.id = inbox_;
  wrong.name = "INBOX";
  wrong.role = Role::inbox;
  wrong.uid_validity = 7;
  wrong.uid_next = 2;
  damage({{records::folder_key(inbox_), records::encode(wrong)}});
  expect_repair("totals are wrong");
  const Folder f = *account()->folder(inbox_);
  EXPECT_EQ(f.total, 5U);
  EXPECT_EQ(f.unseen, 3U);
  EXPECT_EQ(f.uid_next, 7U);  // 6 has vanished and is not given again
}

TEST_P(ACheck, RecoversAFolderWhoseRecordIsLost) {
  prepare();
  damage({{records::folder_key(sent_), "\x01"}});
  EXPECT_FALSE(account()->find_folder("Sent"));
  EXPECT_TRUE(account()->find_folder("INBOX"));
  expect_repair("cannot be read");
  EXPECT_EQ(account()->find_folder("Recovered-" + std::to_string(static_cast<std::uint32_t>(sent_)))->total, 2U);
}

TEST_P(ACheck, RecoversTheInboxAndTheState) {
  prepare();
  const std::uint32_t validity = account()->folder(inbox_)->uid_validity;
  damage({{records::folder_key(inbox_), std::nullopt}, {records::state_key(), std::nullopt}});
  EXPECT_EQ(accounts_->open(kOwner).error().code, Errc::corrupt);
  expect_repair("there is no inbox");
  const auto inbox = account()->find_folder("INBOX");
  ASSERT_TRUE(inbox);
  EXPECT_EQ(inbox->id, inbox_);
  EXPECT_EQ(inbox->total, 5U);
  EXPECT_GE(inbox->uid_validity, validity);
  EXPECT_EQ(account()->quota()->messages, 7U);
  add(*account(), inbox_, "goes on");
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(ACheck, RepairsWhileTheAccountIsInUse) {
  prepare();
  damage({{records::row_key(inbox_, 3), "bad"}});
  const auto a = account();
  const auto before = a->open_folder(inbox_, false);
  ASSERT_TRUE(before);
  expect_repair("row cannot be read");
  add(*a, inbox_, "more");
  EXPECT_EQ(a->open_folder(inbox_, false)->folder.total, 6U);
}

TEST_P(ACheck, TellsWhenThereIsNoAccount) {
  EXPECT_EQ(accounts_->check(AccountId{77777}, true, [](const auto&) {}).error().code, Errc::not_found);
}

// What another program wrote in between is noticed and read, not overwritten.
TEST_P(ACheck, NoticesAChangeFromOutside) {
  prepare();
  const auto a = account();
  const store::Partition p{static_cast<std::uint64_t>(kOwner)};
  store::Batch batch;
  batch.writes.push_back({records::subscription_key("outside"), records::encode_empty()});
  ASSERT_TRUE(store_->keys().commit(p, a->modseq(), batch));
  add(*a, inbox_, "after");
  EXPECT_THAT(*a->subscriptions(), Contains("outside"));
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(ACheck, FinishesADeletionThatWasCutShort) {
  prepare();
  records::FolderRecord f;
  {
    const store::Partition p{static_cast<std::uint64_t>(kOwner)};
    auto snap = store_->keys().snapshot(p, std::chrono::seconds(9));
    f = *records::decode_folder(sent_, **(*snap)->get(records::folder_key(sent_)));
  }
  f.dying = true;
  damage({{records::folder_key(sent_), records::encode(f)}});
  EXPECT_EQ(account()->quota()->messages, 5U);
  EXPECT_FALSE(account()->find_folder("Sent"));
  EXPECT_TRUE(account()->create_folder("Sent"));
  EXPECT_THAT(findings(), IsEmpty());
}

}  // namespace
}  // namespace gatepost::account
