#include "account/account.hpp"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "account/account_fixture.hpp"
#include "account/records.hpp"

namespace gatepost::account {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class AnAccount : public AccountFixture {};
INSTANTIATE_TEST_SUITE_P(Engines, AnAccount, testing::ValuesIn(kEngines),
                         [](const auto& i) { return std::string(i.param); });

std::vector<std::string> paths(Account& a) {
  std::vector<std::string> out;
  for (const Folder& f : **a.folders()) out.push_back(f.path);
  return out;
}

TEST_P(AnAccount, BeginsWithTheStandardFoldersSubscribed) {
  const auto a = account();
  EXPECT_THAT(paths(*a), ElementsAre("Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"));
  for (const Folder& f : **a->folders()) EXPECT_TRUE(f.subscribed && f.selectable && f.role != Role::none) << f.path;
  EXPECT_EQ(a->find_folder("inbox")->path, "INBOX");
  EXPECT_EQ(a->find_folder("no such").error().code, Errc::not_found);
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(AnAccount, KeepsWhatWasAppendedAcrossARestart) {
  Modseq modseq = 0;
  {
    const auto a = account();
    const FolderId inbox = folder(*a, "INBOX");
    NewItem item = message("hello", flag::kFlagged);
    item.keywords = {"$Work", "$work", "other"};
    const auto done = a->append(inbox, std::span(&item, 1));
    ASSERT_TRUE(done);
    EXPECT_THAT(done->uids, ElementsAre(1U));
    modseq = done->modseq;
  }
  restart();
  const auto a = account();
  EXPECT_EQ(a->modseq(), modseq);
  const FolderId inbox = folder(*a, "INBOX");
  const auto found = rows(*a, inbox);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].flags.system, flag::kFlagged);
  EXPECT_EQ(found[0].flags.keywords.size(), 2U);
  EXPECT_EQ(found[0].octets, 5U);
  EXPECT_EQ(found[0].received, clock_.now());
  EXPECT_EQ(found[0].modseq, modseq);
  const auto item = a->item(found[0].item);
  ASSERT_TRUE(item);
  EXPECT_EQ(item->summary, "summary of hello");
  std::string text(5, ' ');
  ASSERT_TRUE(a->read_body(item->body, 0, text));
  EXPECT_EQ(text, "hello");
  EXPECT_EQ(a->folder(inbox)->unseen, 1U);
  EXPECT_EQ(a->quota()->used_octets, 5U);
}

TEST_P(AnAccount, GivesAscendingUidsAndNeverOneTwice) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX");
  EXPECT_EQ(add(*a, inbox, "1"), 1U);
  EXPECT_EQ(add(*a, inbox, "2"), 2U);
  EXPECT_EQ(a->remove(inbox, set({2}))->to_string(), "2");
  EXPECT_EQ(add(*a, inbox, "3"), 3U);
  EXPECT_EQ(a->open_folder(inbox, false)->uids->to_string(), "1,3");
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(AnAccount, ChangesOnlyTheFlagsThatDiffer) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX");
  for (int i = 0; i < 5; ++i) add(*a, inbox, "x");
  const auto ids = a->keyword_ids({"$Label"}, true);
  ASSERT_TRUE(ids);
  auto done = a->store_flags(inbox, NumberSet::of(2, 9), FlagChange::add, Flags{flag::kSeen, *ids}, std::nullopt);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->changed.size(), 4U);
  const Modseq then = done->modseq;
  done = a->store_flags(inbox, NumberSet::of(1, 5), FlagChange::add, Flags{flag::kSeen, {}}, std::nullopt);
  ASSERT_EQ(done->changed.size(), 1U);
  EXPECT_EQ(done->changed[0].uid, 1U);
  done = a->store_flags(inbox, NumberSet::of(1, 5), FlagChange::replace, Flags{flag::kDeleted, {}}, then);
  EXPECT_EQ(done->modified.to_string(), "1");
  EXPECT_EQ(done->changed.size(), 4U);
  done = a->store_flags(inbox, set({3}), FlagChange::remove, Flags{flag::kDeleted, {}}, std::nullopt);
  EXPECT_EQ(a->expunge(inbox, NumberSet::of(1, 100))->to_string(), "2,4:5");
  const Folder f = *a->folder(inbox);
  EXPECT_EQ(f.total, 2U);
  EXPECT_EQ(f.unseen, 1U);
  EXPECT_EQ(f.deleted, 0U);
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(AnAccount, WritesNothingWhenNothingChanges) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX");
  add(*a, inbox, "x", flag::kSeen);
  const Modseq before = a->modseq();
  EXPECT_TRUE(a->store_flags(inbox, set({1}), FlagChange::add, Flags{flag::kSeen, {}}, std::nullopt));
  EXPECT_TRUE(a->expunge(inbox, set({1}))->empty());
  EXPECT_TRUE(a->copy(inbox, set({7}), folder(*a, "Sent"))->from.empty());
  EXPECT_EQ(a->modseq(), before);
}

TEST_P(AnAccount, CopiesShareTheBodyAndMovesKeepTheItem) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX");
  const FolderId sent = folder(*a, "Sent");
  for (int i = 0; i < 4; ++i) add(*a, inbox, "m" + std::to_string(i), i % 2 ? flag::kSeen : 0);
  const auto before = rows(*a, inbox);
  const auto copied = a->copy(inbox, set({2, 4}), sent);
  ASSERT_TRUE(copied);
  EXPECT_THAT(copied->from, ElementsAre(2U, 4U));
  EXPECT_THAT(copied->to, ElementsAre(1U, 2U));
  const auto moved = a->move(inbox, set({1, 2}), sent);
  EXPECT_THAT(moved->to, ElementsAre(3U, 4U));
  const auto after = rows(*a, sent);
  ASSERT_EQ(after.size(), 4U);
  EXPECT_NE(after[0].item, before[1].item);
  EXPECT_EQ(after[3].item, before[1].item);
  EXPECT_EQ(after[3].flags.system, flag::kSeen);
  EXPECT_EQ(a->item(after[0].item)->body, a->item(after[3].item)->body);
  EXPECT_EQ(a->open_folder(inbox, false)->uids->to_string(), "3:4");
  EXPECT_EQ(a->quota()->messages, 6U);
  const auto same = a->move(sent, NumberSet::of(1, 0xffffffff), sent);
  EXPECT_THAT(same->to, ElementsAre(5U, 6U, 7U, 8U));
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(AnAccount, CommitsHugeSetsInPieces) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX");
  const NewItem one = message("x");
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(a->append(inbox, std::vector<NewItem>(1'000, one)));
  const NumberSet all = NumberSet::of(1, 0xffffffff);
  EXPECT_EQ(a->store_flags(inbox, all, FlagChange::add, Flags{flag::kDeleted, {}}, std::nullopt)->changed.size(),
            5'000U);
  const FolderId sent = folder(*a, "Sent");
  const auto copied = a->copy(inbox, all, sent);
  ASSERT_TRUE(copied);
  EXPECT_EQ(copied->to.size(), 5'000U);
  EXPECT_TRUE(std::ranges::is_sorted(copied->from) && std::ranges::is_sorted(copied->to));
  EXPECT_EQ(a->expunge(inbox, all)->size(), 5'000U);
  EXPECT_EQ(a->move(sent, all, inbox)->to.front(), 5'001U);
  EXPECT_EQ(a->folder(inbox)->total, 5'000U);
  ASSERT_TRUE(a->create_folder("big"));
  ASSERT_TRUE(a->move(inbox, all, folder(*a, "big")));
  ASSERT_TRUE(a->delete_folder(folder(*a, "big")));
  EXPECT_EQ(a->quota()->messages, 0U);
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(AnAccount, RefusesAnAppendThatCannotBeAtomic) {
  const auto a = account();
  NewItem item = message("x");
  item.summary.assign(40 << 10, 's');
  EXPECT_EQ(a->append(folder(*a, "INBOX"), std::vector<NewItem>(100, item)).error().code, Errc::limit);
  EXPECT_TRUE(a->append(folder(*a, "INBOX"), std::vector<NewItem>(70, item)));
}

TEST_P(AnAccount, DoesNotKeepASummaryThatIsTooLarge) {
  const auto a = account();
  NewItem item = message("x");
  item.summary.assign(60 << 10, 's');
  ASSERT_TRUE(a->append(folder(*a, "INBOX"), std::span(&item, 1)));
  EXPECT_EQ(a->item(rows(*a, folder(*a, "INBOX"))[0].item)->summary, "");
}

TEST_P(AnAccount, StaysWithinItsQuota) {
  const auto a = account();
  quota_ = 10;
  const FolderId inbox = folder(*a, "INBOX");
  add(*a, inbox, "123456");
  const NewItem item = message("12345");
  EXPECT_EQ(a->append(inbox, std::span(&item, 1)).error().code, Errc::over_quota);
  EXPECT_EQ(a->copy(inbox, set({1}), folder(*a, "Sent")).error().code, Errc::over_quota);
  EXPECT_TRUE(a->move(inbox, set({1}), folder(*a, "Sent")));
  EXPECT_TRUE(a->remove(folder(*a, "Sent"), set({1})));
  EXPECT_TRUE(a->append(inbox, std::span(&item, 1)));
  EXPECT_EQ(a->quota()->used_octets, 5U);
}

TEST_P(AnAccount, TellsFirstUnseenAndRecentWithoutListing) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX");
  EXPECT_FALSE(a->open_folder(inbox, true)->first_unseen);
  for (int i = 0; i < 6; ++i) add(*a, inbox, "x", i < 3 ? flag::kSeen : 0);
  auto opened = a->open_folder(inbox, false);
  EXPECT_EQ(opened->first_unseen, 4U);
  EXPECT_EQ(opened->first_recent, 1U);
  EXPECT_EQ(a->open_folder(inbox, true)->first_recent, 1U);
  EXPECT_EQ(a->open_folder(inbox, true)->first_recent, 7U);
  ASSERT_TRUE(a->store_flags(inbox, set({4, 5}), FlagChange::add, Flags{flag::kSeen, {}}, std::nullopt));
  EXPECT_EQ(a->open_folder(inbox, true)->first_unseen, 6U);
  ASSERT_TRUE(a->store_flags(inbox, set({2}), FlagChange::remove, Flags{flag::kSeen, {}}, std::nullopt));
  EXPECT_EQ(a->open_folder(inbox, true)->first_unseen, 2U);
}

TEST_P(AnAccount, AnswersChangesSinceAModseq) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX");
  for (int i = 0; i < 6; ++i) add(*a, inbox, "x");
  const Modseq since = a->modseq();
  ASSERT_TRUE(a->store_flags(inbox, set({2}), FlagChange::add, Flags{flag::kSeen, {}}, std::nullopt));
  ASSERT_TRUE(a->remove(inbox, set({3, 4})));
  add(*a, inbox, "new");
  const auto delta = a->changes(inbox, since);
  ASSERT_TRUE(delta);
  EXPECT_EQ(delta->changed.to_string(), "2,7");
  ASSERT_EQ(delta->rows.size(), 2U);
  EXPECT_EQ(delta->rows[0].uid, 2U);
  EXPECT_EQ(delta->rows[1].uid, 7U);
  EXPECT_EQ(delta->vanished.to_string(), "3:4");
  EXPECT_TRUE(delta->vanished_known);
  EXPECT_EQ(delta->to, a->modseq());
  EXPECT_TRUE(a->changes(inbox, delta->to)->changed.empty());
}

TEST_P(AnAccount, ForgetsOldExpungesButKeepsTheNewest) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX");
  const NewItem one = message("x");
  ASSERT_TRUE(a->append(inbox, std::vector<NewItem>(200, one)));
  const Modseq start = a->modseq();
  for (Uid u = 1; u <= 100; ++u) ASSERT_TRUE(a->remove(inbox, set({u})));
  ASSERT_TRUE(accounts_->prune({}));
  EXPECT_TRUE(a->changes(inbox, start)->vanished_known);
  clock_.advance(std::chrono::hours(24 * 91));
  ASSERT_TRUE(accounts_->prune({}));
  EXPECT_FALSE(a->changes(inbox, start)->vanished_known);
  const auto delta = a->changes(inbox, start + 50);
  EXPECT_TRUE(delta->vanished_known);
  EXPECT_EQ(delta->vanished.to_string(), "51:100");
  EXPECT_FALSE(a->changes(inbox, start + 49)->vanished_known);
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(AnAccount, KeepsACompleteChangeLogAboveItsFloor) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX");
  for (int i = 0; i < 60; ++i) add(*a, inbox, "x");
  clock_.advance(std::chrono::hours(24 * 91));
  for (int i = 0; i < 30; ++i) add(*a, inbox, "y");
  const Modseq newest = a->modseq();
  ASSERT_TRUE(accounts_->prune({}));
  auto snap = store_->keys().snapshot(store::Partition{static_cast<std::uint64_t>(kOwner)}, std::chrono::seconds(9));
  const auto state = records::decode_state(**(*snap)->get(records::state_key()));
  ASSERT_TRUE(state);
  EXPECT_EQ(state->log_floor, newest - 41);
  for (Modseq m = 1; m <= newest; ++m) {
    EXPECT_EQ((*(*snap)->get(records::log_key(m, 0))).has_value(), m > state->log_floor) << m;
  }
  const auto log = records::decode_log(**(*snap)->get(records::log_key(newest, 0)));
  ASSERT_EQ(log->entries.size(), 2U);
  EXPECT_EQ(log->entries[0].what, records::LogEntry::What::item_created);
  EXPECT_EQ(log->entries[1].what, records::LogEntry::What::folder_updated);
}

TEST_P(AnAccount, StoresADeliveryOnceByItsId) {
  const auto a = account();
  Delivery d{message("mail"), "", "id-1"};
  ASSERT_TRUE(deliver(*a, d));
  ASSERT_TRUE(deliver(*a, d));
  EXPECT_EQ(a->folder(folder(*a, "INBOX"))->total, 1U);
  d.delivery_id = std::string(300, 'y');
  ASSERT_TRUE(deliver(*a, d));
  ASSERT_TRUE(deliver(*a, d));
  EXPECT_EQ(a->folder(folder(*a, "INBOX"))->total, 2U);
  clock_.advance(std::chrono::hours(24 * 8));
  ASSERT_TRUE(accounts_->prune({}));
  ASSERT_TRUE(deliver(*a, d));
  EXPECT_EQ(a->folder(folder(*a, "INBOX"))->total, 3U);
}

TEST_P(AnAccount, DeliversToAFolderThatIsMissingOrImpossible) {
  const auto a = account();
  ASSERT_TRUE(deliver(*a, {message("1"), "Lists/c++", ""}));
  EXPECT_EQ(a->find_folder("Lists/c++")->total, 1U);
  ASSERT_TRUE(deliver(*a, {message("2"), "bad//name", ""}));
  EXPECT_EQ(a->find_folder("INBOX")->total, 1U);
}

TEST_P(AnAccount, WakesItsWatchersAfterACommit) {
  const auto a = account();
  std::atomic<int> woken = 0;
  auto watch = a->watch([&] { ++woken; });
  add(*a, folder(*a, "INBOX"), "x");
  EXPECT_EQ(woken, 1);
  watch.reset();
  add(*a, folder(*a, "INBOX"), "x");
  EXPECT_EQ(woken, 1);
}

TEST_P(AnAccount, GivesTheMaildropToOneSession) {
  const auto a = account();
  auto first = a->lock_maildrop();
  ASSERT_TRUE(first);
  EXPECT_EQ(a->lock_maildrop().error().code, Errc::conflict);
  first->reset();
  EXPECT_TRUE(a->lock_maildrop());
}

TEST_P(AnAccount, IsGoneAfterRemovalAndBeginsAgain) {
  const auto old = account();
  add(*old, folder(*old, "INBOX"), "x");
  ASSERT_TRUE(accounts_->remove(kOwner));
  EXPECT_EQ(old->folders().error().code, Errc::not_found);
  const NewItem item = message("y");
  EXPECT_EQ(old->append(FolderId{1}, std::span(&item, 1)).error().code, Errc::not_found);
  EXPECT_EQ(account()->find_folder("INBOX")->total, 0U);
}

TEST_P(AnAccount, WhoseDeletionWasCutShortIsDeletedAtTheNextStart) {
  const AccountId wanted{2001}, gone{2002};
  for (const AccountId id : {kOwner, wanted, gone}) {
    const auto a = account(id);
    add(*a, folder(*a, "INBOX"), "x");
    ASSERT_TRUE(accounts_->begin_removal(id));
    ASSERT_TRUE(accounts_->begin_removal(id));
  }
  ASSERT_TRUE(accounts_->remove(gone));  // in one go: nothing is left to do
  restart();
  std::vector<AccountId> asked;
  const auto is_wanted = [&](AccountId id) {
    asked.push_back(id);
    return id == wanted;
  };
  ASSERT_TRUE(accounts_->finish_removals(is_wanted, {}));
  EXPECT_EQ(asked, (std::vector{kOwner, wanted}));
  std::vector<store::Partition> left;
  ASSERT_TRUE(store_->keys().partitions([&](store::Partition p) { return left.push_back(p), true; }));
  EXPECT_EQ(std::ranges::count(left, store::Partition{static_cast<std::uint64_t>(kOwner)}), 0);
  EXPECT_EQ(account(wanted)->find_folder("INBOX")->total, 1U);
  asked.clear();
  ASSERT_TRUE(accounts_->finish_removals(is_wanted, {}));
  EXPECT_TRUE(asked.empty());
  EXPECT_EQ(accounts_->begin_removal(AccountId{1}).error().code, Errc::not_found);
}

TEST_P(AnAccount, LeavesMemoryWhenIdleAndComesBackTheSame) {
  accounts_.reset();
  options_.cached_accounts = 3;
  start();
  for (std::uint64_t i = 0; i < 10; ++i) {
    const auto a = account(AccountId{3000 + i});
    add(*a, folder(*a, "INBOX"), "m" + std::to_string(i));
  }
  for (std::uint64_t i = 0; i < 10; ++i) EXPECT_EQ(account(AccountId{3000 + i})->find_folder("INBOX")->total, 1U);
}

TEST_P(AnAccount, TakesChangesFromManyThreads) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX");
  constexpr int kThreads = 16, kEach = 30;
  std::vector<NewItem> items;
  for (int t = 0; t < kThreads; ++t) items.push_back(message("from " + std::to_string(t)));
  std::atomic<int> woken = 0;
  auto watch = a->watch([&] { ++woken; });
  std::vector<std::vector<Uid>> uids(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          auto done = a->append(inbox, std::span(&items[static_cast<std::size_t>(t)], 1));
          ASSERT_TRUE(done);
          uids[static_cast<std::size_t>(t)].push_back(done->uids[0]);
          const NumberSet mine = NumberSet::of(done->uids[0], done->uids[0]);
          ASSERT_TRUE(a->store_flags(inbox, mine, FlagChange::add, Flags{flag::kSeen, {}}, std::nullopt));
          if (i % 3 == 0) ASSERT_TRUE(a->remove(inbox, mine));
          ASSERT_TRUE(a->open_folder(inbox, i % 2 == 0));
          ASSERT_TRUE(a->changes(inbox, done->modseq - 1));
        }
      });
    }
  }
  NumberSet all;
  for (const auto& some : uids) {
    EXPECT_TRUE(std::ranges::is_sorted(some));
    for (const Uid u : some) all.add(u);
  }
  EXPECT_EQ(all.to_string(), "1:480");
  const Folder f = *a->folder(inbox);
  EXPECT_EQ(f.total, 320U);
  EXPECT_EQ(f.unseen, 0U);
  EXPECT_GT(woken, 0);
  EXPECT_EQ(rows(*a, inbox).size(), 320U);
  EXPECT_EQ(a->open_folder(inbox, false)->uids->size(), 320U);
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(AnAccount, GivesItemsInTheOrderAsked) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX");
  for (int i = 0; i < 30; ++i) add(*a, inbox, "message " + std::to_string(i));
  std::vector<ItemId> all;
  for (const Row& row : rows(*a, inbox)) all.push_back(row.item);
  ASSERT_TRUE(a->remove(inbox, set({7, 8, 20})));
  const auto check = [&](const std::vector<std::size_t>& wanted) {
    std::vector<ItemId> ids;
    for (const std::size_t i : wanted) ids.push_back(all[i]);
    const auto items = a->items(ids);
    ASSERT_TRUE(items) << items.error().detail;
    ASSERT_EQ(items->size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ((*items)[i].summary, "summary of message " + std::to_string(wanted[i]));
    }
  };
  check({});
  check({3});
  check({0, 1, 2, 3, 4, 5});      // neighbours
  check({0, 2, 4, 5, 8, 9, 10});  // with others between, and some removed
  check({5, 4, 3, 2, 1});
  check({1, 1, 2, 3, 4});
  check({0, 10, 25, 29});
  const std::vector<ItemId> gone(all.begin() + 3, all.begin() + 12), last(all.begin() + 15, all.begin() + 20);
  EXPECT_TRUE(a->items(gone));  // kept to be brought back
  ASSERT_TRUE(a->purge_removed());
  EXPECT_EQ(a->items(gone).error().code, Errc::not_found);
  EXPECT_EQ(a->items(std::vector{all[17], all[18], all[19]}).error().code, Errc::not_found);
  EXPECT_EQ(a->items(last).error().code, Errc::not_found);
  const std::vector beyond{all[28], all[29], ItemId{1'000'000'000}, ItemId{1'000'000'001}};
  EXPECT_EQ(a->items(beyond).error().code, Errc::not_found);
}

}  // namespace
}  // namespace gatepost::account
