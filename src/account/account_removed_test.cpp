#include <gmock/gmock.h>

#include "account/account_fixture.hpp"
#include "account/records.hpp"

namespace gatepost::account {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Removal : public AccountFixture {
 protected:
  Removal() { inbox_ = folder(*account(), "INBOX"); }

  std::vector<Removed> removed(TimePoint since = {}) {
    std::vector<Removed> out;
    EXPECT_TRUE(account()->removed(since, [&](const Removed& r) {
      out.push_back(r);
      return true;
    }));
    return out;
  }
  void expunge(FolderId f, const NumberSet& uids) {
    ASSERT_TRUE(account()->store_flags(f, uids, FlagChange::add, Flags{flag::kDeleted, {}}, std::nullopt));
    const auto gone = account()->expunge(f, uids);
    ASSERT_TRUE(gone);
    ASSERT_EQ(*gone, uids);
  }
  std::string text(FolderId f, Uid uid) {
    const auto row = rows(*account(), f, set({uid})).at(0);
    const Item item = *account()->item(row.item);
    std::string octets(item.body.size, '\0');
    EXPECT_TRUE(account()->read_body(item.body, 0, octets));
    return octets;
  }
  std::vector<std::string> texts(FolderId f) {
    std::vector<std::string> out;
    for (const Row& row : rows(*account(), f)) out.push_back(text(f, row.uid));
    return out;
  }
  bool stored(std::string_view octets) {
    const Body b = body(octets);
    return *store_->keys().referenced({b.sha256, b.size});
  }
  void damage(std::vector<store::Write> writes) {
    const store::Partition p{static_cast<std::uint64_t>(kOwner)};
    store::Batch batch;
    batch.writes = std::move(writes);
    ASSERT_TRUE(store_->keys().commit(p, *store_->keys().version(p), batch));
    restart();
  }

  FolderId inbox_{};
};
INSTANTIATE_TEST_SUITE_P(Engines, Removal, testing::ValuesIn(kEngines),
                         [](const auto& i) { return std::string(i.param); });

TEST_P(Removal, CanBeTakenBackWithFlagsAndDates) {
  NewItem item = message("kept", flag::kFlagged | flag::kSeen);
  item.keywords = {"$Work"};
  item.received = clock_.now() - days(400);
  ASSERT_TRUE(account()->append(inbox_, std::span(&item, 1)));
  add(*account(), inbox_, "stays");
  const Row before = rows(*account(), inbox_, set({1})).at(0);
  clock_.advance(hours(1));
  expunge(inbox_, set({1}));
  const auto quota = *account()->quota();
  EXPECT_EQ(quota.messages, 1U);
  EXPECT_EQ(quota.used_octets, 5U);
  EXPECT_EQ(quota.removed_messages, 1U);
  EXPECT_EQ(quota.removed_octets, 4U);
  restart();
  const auto list = removed();
  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0].path, "INBOX");
  EXPECT_EQ(list[0].row.uid, 1U);
  EXPECT_EQ(list[0].row.flags.system, flag::kFlagged | flag::kSeen | flag::kDeleted);
  EXPECT_EQ(list[0].removed, std::chrono::floor<std::chrono::seconds>(clock_.now()));
  EXPECT_THAT(findings(), IsEmpty());

  clock_.advance(hours(1));
  const Modseq since = account()->modseq();
  const auto back = account()->bring_back(std::vector{list[0].item}, "");
  ASSERT_TRUE(back) << back.error().detail;
  EXPECT_EQ(back->messages, 1U);
  EXPECT_THAT(back->folders, ElementsAre("INBOX"));
  const Row after = rows(*account(), inbox_, set({3})).at(0);
  EXPECT_EQ(after.item, before.item);
  EXPECT_EQ(after.received, before.received);
  EXPECT_EQ(after.flags, before.flags);
  EXPECT_EQ(after.saved, std::chrono::floor<std::chrono::seconds>(clock_.now()));
  EXPECT_EQ(text(inbox_, 3), "kept");
  EXPECT_EQ(account()->changes(inbox_, since)->changed, set({3}));
  EXPECT_EQ(account()->quota()->messages, 2U);
  EXPECT_EQ(account()->quota()->removed_messages, 0U);
  EXPECT_THAT(removed(), IsEmpty());
  // Once is enough.
  EXPECT_EQ(account()->bring_back(std::vector{list[0].item}, "")->messages, 0U);
  EXPECT_EQ(account()->folder(inbox_)->total, 2U);
  EXPECT_THAT(findings(), IsEmpty());
  restart();
  EXPECT_EQ(account()->quota()->removed_octets, 0U);
}

TEST_P(Removal, IsListedFromTheNewestOnAndDroppedOneByOne) {
  std::vector<ItemId> items;
  for (int i = 0; i < 700; ++i) {
    const Uid uid = add(*account(), inbox_, "message " + std::to_string(i));
    items.push_back(rows(*account(), inbox_, set({uid})).at(0).item);
    if (i % 3 == 0) clock_.advance(minutes(1));
    ASSERT_TRUE(account()->remove(inbox_, set({uid})));
  }
  std::vector<ItemId> seen;
  ASSERT_TRUE(account()->removed_lately([&](const Removed& r) {
    EXPECT_EQ(r.path, "INBOX");
    seen.push_back(r.item);
    return true;
  }));
  const std::vector<ItemId> newest_first(items.rbegin(), items.rend());
  EXPECT_EQ(seen, newest_first);
  seen.clear();
  ASSERT_TRUE(account()->removed_lately([&](const Removed& r) {
    seen.push_back(r.item);
    return seen.size() < 3;
  }));
  EXPECT_THAT(seen, SizeIs(3));

  const std::vector<ItemId> some{items[5], ItemId{999'999}, items[600]};
  const auto found = *account()->removed_among(some);
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0].item, items[5]);
  EXPECT_EQ(found[1].item, items[600]);
  EXPECT_EQ(*account()->forget_removed(some), 2U);
  EXPECT_EQ(*account()->forget_removed(some), 0U);
  EXPECT_THAT(*account()->removed_among(some), IsEmpty());
  EXPECT_THAT(removed(), SizeIs(698));
  EXPECT_EQ(account()->quota()->removed_messages, 698U);
  EXPECT_FALSE(stored("message 5"));
  EXPECT_TRUE(stored("message 6"));
  EXPECT_EQ(account()->bring_back(some, "")->messages, 0U);
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(Removal, EndsAfterTheTimeThatIsSet) {
  add(*account(), inbox_, "first");
  add(*account(), inbox_, "second");
  ASSERT_TRUE(account()->remove(inbox_, set({1})));
  clock_.advance(days(10));
  ASSERT_TRUE(account()->remove(inbox_, set({2})));
  ASSERT_TRUE(accounts_->prune({}));
  EXPECT_THAT(removed(), SizeIs(2));
  clock_.advance(days(4) + minutes(1));
  ASSERT_TRUE(accounts_->prune({}));
  const auto list = removed();
  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0].row.uid, 2U);
  EXPECT_FALSE(stored("first"));
  EXPECT_TRUE(stored("second"));
  EXPECT_THAT(findings(), IsEmpty());
  EXPECT_EQ(*account()->purge_removed(), 1U);
  EXPECT_THAT(removed(), IsEmpty());
  EXPECT_FALSE(stored("second"));
  EXPECT_EQ(account()->quota()->removed_octets, 0U);
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(Removal, HasAQuotaOfItsOwnAndTheOldestGoFirst) {
  options_.recoverable_octets = 25;
  restart();
  for (int i = 0; i < 5; ++i) {
    const Uid uid = add(*account(), inbox_, "message " + std::to_string(i) + ".");
    clock_.advance(minutes(1));
    ASSERT_TRUE(account()->remove(inbox_, set({uid})));
  }
  const auto list = removed();
  ASSERT_THAT(list, SizeIs(2));
  EXPECT_EQ(list[0].row.uid, 4U);
  EXPECT_EQ(account()->quota()->removed_octets, 20U);
  EXPECT_FALSE(stored("message 2."));
  EXPECT_THAT(findings(), IsEmpty());
  // Larger than all of it.
  const Uid large = add(*account(), inbox_, std::string(30, 'x'));
  ASSERT_TRUE(account()->remove(inbox_, set({large})));
  EXPECT_THAT(removed(), IsEmpty());
}

TEST_P(Removal, CanBeSwitchedOff) {
  options_.keep_removed = hours(0);
  restart();
  add(*account(), inbox_, "gone");
  expunge(inbox_, set({1}));
  EXPECT_THAT(removed(), IsEmpty());
  EXPECT_FALSE(stored("gone"));
  EXPECT_THAT(findings(), IsEmpty());
  // What was kept before goes at the next turn.
  options_.keep_removed = days(14);
  restart();
  add(*account(), inbox_, "kept");
  expunge(inbox_, set({2}));
  options_.keep_removed = hours(0);
  restart();
  ASSERT_TRUE(accounts_->prune({}));
  EXPECT_THAT(removed(), IsEmpty());
  EXPECT_FALSE(stored("kept"));
}

TEST_P(Removal, OfAFolderCanBeTakenBackUnderItsName) {
  const auto a = account();
  const FolderId f = a->create_folder("Projects/2026")->id;
  for (int i = 0; i < 3; ++i) add(*a, f, "plan " + std::to_string(i), flag::kSeen);
  ASSERT_TRUE(a->remove(f, set({2})));
  clock_.advance(hours(1));
  const TimePoint before = clock_.now();
  clock_.advance(hours(1));
  ASSERT_TRUE(a->delete_folder(f));
  EXPECT_THAT(removed(), SizeIs(3));
  EXPECT_EQ(removed()[1].path, "Projects/2026");
  ASSERT_TRUE(a->delete_folder(folder(*a, "Projects")));
  EXPECT_THAT(findings(), IsEmpty());
  restart();
  EXPECT_EQ(account()->bring_back_folder("Projects/2025", before).error().code, Errc::not_found);
  EXPECT_EQ(account()->bring_back_folder("Projects/2026", clock_.now() + hours(1)).error().code, Errc::not_found);
  const auto back = account()->bring_back_folder("Projects/2026", before);
  ASSERT_TRUE(back) << back.error().detail;
  EXPECT_EQ(back->messages, 2U);
  const Folder again = *account()->find_folder("Projects/2026");
  EXPECT_NE(again.id, f);
  EXPECT_EQ(again.total, 2U);
  EXPECT_EQ(again.unseen, 0U);
  EXPECT_THAT(texts(again.id), ElementsAre("plan 0", "plan 2"));
  EXPECT_THAT(removed(), SizeIs(1));  // the one that was gone before
  // By hand, to where it was: that is the folder's former name.
  EXPECT_THAT(account()->bring_back(std::vector{removed()[0].item}, "")->folders, ElementsAre("Projects/2026"));
  EXPECT_THAT(findings(), IsEmpty());
  // The name is forgotten with the messages.
  clock_.advance(days(15));
  ASSERT_TRUE(accounts_->prune({}));
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(Removal, OfAFolderNobodyRemembersEndsInTheInbox) {
  const FolderId f = account()->create_folder("short")->id;
  add(*account(), f, "lost?");
  ASSERT_TRUE(account()->delete_folder(f));
  damage({{records::former_key(f), std::nullopt}});
  EXPECT_THAT(account()->bring_back(std::vector{removed().at(0).item}, "")->folders, ElementsAre("INBOX"));
  EXPECT_EQ(account()->folder(inbox_)->total, 1U);
}

TEST_P(Removal, IsUndoneToAMomentInAFolder) {
  const auto a = account();
  const FolderId trash = folder(*a, "Trash");
  const FolderId archive = folder(*a, "Archive");
  for (const char* name : {"1 removed before", "2 stays", "3 removed", "4 by way of trash", "5 in the trash",
                           "6 archived", "7 removed after it was archived"}) {
    add(*a, inbox_, name);
  }
  clock_.advance(minutes(10));
  ASSERT_TRUE(a->remove(inbox_, set({1})));
  clock_.advance(minutes(10));
  const TimePoint moment = clock_.now();
  clock_.advance(minutes(10));
  expunge(inbox_, set({3}));
  ASSERT_TRUE(a->move(inbox_, set({4, 5}), trash));
  ASSERT_TRUE(a->move(inbox_, set({6, 7}), archive));
  clock_.advance(minutes(10));
  expunge(trash, set({1}));
  ASSERT_TRUE(a->remove(archive, set({2})));
  const Uid late = add(*a, inbox_, "8 came and went");
  ASSERT_TRUE(a->remove(inbox_, set({late})));
  add(*a, inbox_, "9 came");
  restart();

  const auto back = account()->bring_back_folder("inbox", moment);
  ASSERT_TRUE(back) << back.error().detail;
  EXPECT_EQ(back->messages, 4U);
  EXPECT_EQ(back->elsewhere, 1U);
  EXPECT_THAT(texts(inbox_), ElementsAre("2 stays", "9 came", "3 removed", "4 by way of trash",
                                         "7 removed after it was archived", "5 in the trash"));
  EXPECT_EQ(account()->folder(trash)->total, 0U);
  EXPECT_EQ(account()->folder(archive)->total, 1U);
  EXPECT_EQ(account()->folder(inbox_)->deleted, 0U);
  EXPECT_THAT(findings(), IsEmpty());
  // Again: nothing comes twice.
  const auto again = account()->bring_back_folder("INBOX", moment);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->messages, 0U);
  EXPECT_EQ(account()->folder(inbox_)->total, 6U);
}

TEST_P(Removal, IsNotUndoneBeyondTheQuota) {
  add(*account(), inbox_, std::string(60, 'a'));
  ASSERT_TRUE(account()->remove(inbox_, set({1})));
  quota_ = 100;
  add(*account(), inbox_, std::string(50, 'b'));  // what was removed does not count
  const auto list = removed();
  EXPECT_EQ(account()->bring_back(std::vector{list.at(0).item}, "").error().code, Errc::over_quota);
  EXPECT_THAT(removed(), SizeIs(1));
  quota_ = 0;
  EXPECT_EQ(account()->bring_back(std::vector{list.at(0).item}, "Elsewhere/new")->messages, 1U);
  EXPECT_EQ(account()->find_folder("Elsewhere/new")->total, 1U);
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(Removal, OfManyIsListedAndUndoneInPages) {
  std::vector<NewItem> items(1'500, message("one of many"));
  ASSERT_TRUE(account()->append(inbox_, std::span(items).first(1'000)));
  ASSERT_TRUE(account()->append(inbox_, std::span(items).subspan(1'000)));
  const TimePoint moment = clock_.now();
  clock_.advance(minutes(1));
  ASSERT_TRUE(account()->remove(inbox_, NumberSet::of(1, 1'200)));
  clock_.advance(minutes(1));
  ASSERT_TRUE(account()->remove(inbox_, NumberSet::of(1'201, 1'500)));
  EXPECT_THAT(removed(), SizeIs(1'500));
  EXPECT_THAT(removed(moment + minutes(2)), SizeIs(300));
  EXPECT_EQ(account()->bring_back_folder("INBOX", moment)->messages, 1'500U);
  EXPECT_EQ(account()->folder(inbox_)->total, 1'500U);
  ASSERT_TRUE(account()->remove(inbox_, NumberSet::of(1, 4'000)));
  EXPECT_EQ(*account()->purge_removed(), 1'500U);
  EXPECT_FALSE(stored("one of many"));
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(Removal, IsPartOfACheck) {
  for (int i = 0; i < 4; ++i) add(*account(), inbox_, "message " + std::to_string(i));
  ASSERT_TRUE(account()->remove(inbox_, set({1, 2, 3})));
  const auto list = removed();
  const auto seconds = records::to_seconds(list[0].removed);
  // One record lost its content, one its turn, one its item; and an entry stands for nothing.
  damage({{records::removed_key(list[0].item), "\xff"},
          {records::expiry_key(seconds, list[1].item), std::nullopt},
          {records::item_key(list[2].item), std::nullopt},
          {records::expiry_key(5, ItemId{999}), records::encode_empty()}});
  const auto found = findings();
  for (const char* what : {"cannot be read", "would never expire", "item cannot be read",
                           "of a message that is not there", "totals are wrong"}) {
    EXPECT_THAT(found, Contains(HasSubstr(what)));
  }
  EXPECT_THAT(findings(kOwner, true), Contains(HasSubstr("(repaired)")));
  EXPECT_THAT(findings(), IsEmpty());
  // The first is back in the inbox: nothing that could be read is lost.
  EXPECT_THAT(texts(inbox_), ElementsAre("message 3", "message 0"));
  ASSERT_THAT(removed(), SizeIs(1));
  EXPECT_EQ(removed()[0].item, list[1].item);
  EXPECT_EQ(account()->quota()->removed_messages, 1U);
}

TEST_P(Removal, WithoutARecordDoesNotStopTheOthersFromExpiring) {
  for (int i = 0; i < 2; ++i) add(*account(), inbox_, "message " + std::to_string(i));
  ASSERT_TRUE(account()->remove(inbox_, set({1, 2})));
  damage({{records::removed_key(removed()[0].item), "\xff"}});
  clock_.advance(days(15));
  ASSERT_TRUE(accounts_->prune({}));
  EXPECT_THAT(removed(), IsEmpty());
  EXPECT_FALSE(stored("message 1"));
}

}  // namespace
}  // namespace gatepost::account
