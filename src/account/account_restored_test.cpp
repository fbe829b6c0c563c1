#include <filesystem>
#include <set>

#include <gmock/gmock.h>

#include "account/account_fixture.hpp"
#include "account/records.hpp"
#include "store/test_faults.hpp"

namespace gatepost::account {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

// Numbers that clients of one folder keep.
struct Given {
  std::set<Uid> uids;
  std::set<ItemId> items;
  Modseq last = 0;
};

class ARestoredAccount : public AccountFixture {
 protected:
  fs::path backup() const { return backups_.path() / "backup"; }
  void back_up() { ASSERT_TRUE(store_->backup(backup(), {})); }
  void restore() {
    accounts_.reset();
    store_.reset();
    for (const auto& entry : fs::directory_iterator(directory_.path())) fs::remove_all(entry.path());
    fs::copy(backup(), directory_.path(), fs::copy_options::recursive);
    open_store();
  }
  // What happens until the next restore: messages come, flags change, messages go.
  Given busy(FolderId f, int messages) {
    Given given;
    const auto a = account();
    for (int i = 0; i < messages; ++i) given.uids.insert(add(*a, f, "busy " + std::to_string(++count_)));
    EXPECT_TRUE(a->store_flags(f, NumberSet::of(1, 3), FlagChange::add, Flags{flag::kFlagged, {}}, std::nullopt));
    for (const Row& row : rows(*a, f)) {
      if (given.uids.contains(row.uid)) given.items.insert(row.item);
    }
    EXPECT_TRUE(a->remove(f, NumberSet::of(*given.uids.begin(), *given.uids.begin())));
    given.last = a->modseq();
    return given;
  }
  void change_record(FolderId f, const std::function<void(records::FolderRecord&)>& change) {
    accounts_.reset();
    const store::Partition p{static_cast<std::uint64_t>(kOwner)};
    store::Batch batch;
    {
      auto snap = store_->keys().snapshot(p, hours(1));
      auto record = *records::decode_folder(f, **(*snap)->get(records::folder_key(f)));
      change(record);
      batch.writes = {{records::folder_key(f), records::encode(record)}};
    }
    ASSERT_TRUE(store_->keys().commit(p, *store_->keys().version(p), batch));
    start();
  }
  std::size_t rows_of_kind(char kind) {
    std::size_t n = 0;
    auto snap = store_->keys().snapshot(store::Partition{static_cast<std::uint64_t>(kOwner)}, hours(1));
    EXPECT_TRUE((*snap)->scan(std::string(1, kind), std::string(1, static_cast<char>(kind + 1)), false, 100,
                              [&](store::Entry) { return ++n, true; }));
    return n;
  }

  FreshDirectory backups_;
  int count_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Engines, ARestoredAccount, testing::Values("rocksdb"),
                         [](const auto& i) { return std::string(i.param); });

TEST_P(ARestoredAccount, NeverGivesANumberTwiceWhateverIsRestoredHowOften) {
  const FolderId inbox = folder(*account(), "INBOX");
  for (int i = 0; i < 5; ++i) add(*account(), inbox, "kept " + std::to_string(i));
  const std::uint32_t validity = account()->folder(inbox)->uid_validity;
  back_up();

  std::set<Uid> uids{1, 2, 3, 4, 5};
  std::set<ItemId> items;
  std::set<std::pair<FolderId, std::uint32_t>> made;
  Modseq last = 0;
  const auto note = [&](const Given& given) {
    for (const Uid uid : given.uids) EXPECT_TRUE(uids.insert(uid).second) << uid;
    for (const ItemId item : given.items) EXPECT_TRUE(items.insert(item).second);
    const auto a = account();
    for (int i = 0; i < 3; ++i) {
      const auto f = a->create_folder("made again");
      ASSERT_TRUE(f);
      for (const auto& [id, uid_validity] : made) {
        EXPECT_NE(f->id, id);
        EXPECT_NE(f->uid_validity, uid_validity);
      }
      made.emplace(f->id, f->uid_validity);
      ASSERT_TRUE(a->delete_folder(f->id));
    }
    EXPECT_GT(given.last, last);
    last = a->modseq();
  };
  note(busy(inbox, 20));
  // One after a minute, which is at once again; the others later and later.
  for (const std::chrono::seconds wait : {std::chrono::seconds(minutes(1)), std::chrono::seconds(minutes(1)),
                                          std::chrono::seconds(hours(30)), std::chrono::seconds(days(20))}) {
    clock_.advance(wait);
    restore();
    EXPECT_EQ(account()->folder(inbox)->total, 5U);
    EXPECT_EQ(account()->folder(inbox)->uid_validity, validity);
    EXPECT_GT(account()->modseq(), last);
    note(busy(inbox, 20));
    EXPECT_THAT(findings(), IsEmpty());
  }
}

TEST_P(ARestoredAccount, TellsEverythingToWhoWasHereInTheLostTimeAndChangesToOthers) {
  const FolderId inbox = folder(*account(), "INBOX");
  for (int i = 0; i < 5; ++i) add(*account(), inbox, "kept " + std::to_string(i));
  const Modseq early = account()->modseq();
  ASSERT_TRUE(account()->remove(inbox, set({2})));
  const Modseq backed_up = account()->modseq();
  back_up();
  const Given lost = busy(inbox, 4);
  ASSERT_TRUE(account()->remove(inbox, set({5})));
  const Modseq in_lost_time = account()->modseq();
  clock_.advance(hours(1));
  restore();
  const Uid fresh = add(*account(), inbox, "new mail");

  const auto a = account();
  for (const Modseq told : {backed_up + 1, lost.last, in_lost_time}) {
    EXPECT_EQ(a->known_modseq(told), 0U);
    const auto all = a->changes(inbox, told);
    ASSERT_TRUE(all);
    EXPECT_FALSE(all->vanished_known);
    EXPECT_EQ(all->changed, set({1, 3, 4, 5, fresh}));
    EXPECT_EQ(all->rows.size(), 5U);
  }
  for (const Modseq told : {early, backed_up}) {
    EXPECT_EQ(a->known_modseq(told), told);
    const auto delta = a->changes(inbox, told);
    ASSERT_TRUE(delta);
    EXPECT_TRUE(delta->vanished_known);
    EXPECT_EQ(delta->changed, set({fresh}));
    EXPECT_EQ(delta->vanished, told == early ? set({2}) : NumberSet());
  }
  // And from here on it is as always.
  const Modseq now = a->modseq();
  ASSERT_TRUE(a->remove(inbox, set({3})));
  EXPECT_EQ(a->changes(inbox, now)->vanished, set({3}));

  // What a client saw in the lost time is no ground for a conditional change.
  const Flags answered{flag::kAnswered, {}};
  const auto refused = a->store_flags(inbox, set({1}), FlagChange::add, answered, in_lost_time);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->modified, set({1}));
  EXPECT_THAT(refused->changed, IsEmpty());
  const Modseq seen = rows(*a, inbox, set({1})).at(0).modseq;
  EXPECT_EQ(a->store_flags(inbox, set({1}), FlagChange::add, answered, seen)->changed.size(), 1U);
}

TEST_P(ARestoredAccount, GoesOnAsBeforeAfterARestart) {
  const FolderId inbox = folder(*account(), "INBOX");
  add(*account(), inbox, "kept");
  back_up();
  clock_.advance(hours(1));
  restore();
  const Modseq now = account()->modseq();
  const Folder before = *account()->folder(inbox);
  restart();
  EXPECT_EQ(account()->modseq(), now);
  EXPECT_EQ(account()->folder(inbox)->uid_next, before.uid_next);
  EXPECT_GT(before.uid_next, 1'000'000U);
  // Who came later has nothing to leap over.
  EXPECT_LT(account(AccountId{3000})->modseq(), 100U);
  restart();
  EXPECT_LT(account(AccountId{3000})->modseq(), 100U);
}

TEST_P(ARestoredAccount, KeepsItsRecordsFewHoweverFarUidsLeap) {
  const FolderId inbox = folder(*account(), "INBOX");
  for (int i = 0; i < 5; ++i) add(*account(), inbox, "kept " + std::to_string(i));
  ASSERT_TRUE(account()->remove(inbox, set({2})));
  back_up();
  clock_.advance(days(2));
  restore();
  const Uid fresh = add(*account(), inbox, "new");
  EXPECT_GT(fresh, 100'000'000U);
  ASSERT_TRUE(account()->remove(inbox, set({fresh})));
  const Uid next = add(*account(), inbox, "newer");
  EXPECT_LT(rows_of_kind(records::kind::kUidSet), 5U);
  restart();
  EXPECT_EQ(*account()->open_folder(inbox, false)->uids, set({1, 3, 4, 5, next}));
  EXPECT_THAT(findings(), IsEmpty());

  // Also when the folder's record is lost and made again from its rows.
  const store::Partition p{static_cast<std::uint64_t>(kOwner)};
  store::Batch batch;
  batch.writes = {{records::folder_key(inbox), "\xff"}};
  accounts_.reset();
  ASSERT_TRUE(store_->keys().commit(p, *store_->keys().version(p), batch));
  start();
  EXPECT_THAT(findings(kOwner, true), Contains(HasSubstr("cannot be read")));
  EXPECT_LT(rows_of_kind(records::kind::kUidSet), 5U);
  EXPECT_THAT(findings(), IsEmpty());
  EXPECT_EQ(account()->find_folder("INBOX")->total, 5U);
}

TEST_P(ARestoredAccount, MakesAFolderNewThatHasNoUidsLeftToPassOver) {
  const FolderId inbox = folder(*account(), "INBOX");
  const FolderId sent = folder(*account(), "Sent");
  add(*account(), inbox, "kept");
  change_record(inbox, [](records::FolderRecord& f) {
    f.uid_next = 2'147'000'000;
    f.gaps.add(2, f.uid_next - 1);
  });
  ASSERT_THAT(findings(), IsEmpty());
  const Folder before = *account()->folder(inbox);
  const std::uint32_t other = account()->folder(sent)->uid_validity;
  back_up();
  const std::uint32_t lost_validity = account()->create_folder("lost")->uid_validity;
  clock_.advance(hours(1));
  restore();
  const Folder after = *account()->folder(inbox);
  EXPECT_GT(after.uid_validity, before.uid_validity);
  EXPECT_NE(after.uid_validity, lost_validity);
  EXPECT_EQ(after.uid_next, before.uid_next);
  EXPECT_EQ(after.total, 1U);
  EXPECT_EQ(account()->folder(sent)->uid_validity, other);
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(ARestoredAccount, TrustsNoOldModseqWhenItsStateWasLostBesides) {
  const FolderId inbox = folder(*account(), "INBOX");
  add(*account(), inbox, "kept");
  const Modseq early = account()->modseq();
  back_up();
  clock_.advance(hours(1));
  restore();
  (void)account();
  accounts_.reset();
  const store::Partition p{static_cast<std::uint64_t>(kOwner)};
  store::Batch batch;
  batch.writes = {{records::state_key(), "\xff"}};
  ASSERT_TRUE(store_->keys().commit(p, *store_->keys().version(p), batch));
  start();
  ASSERT_THAT(findings(kOwner, true), Contains(HasSubstr("state: cannot be read")));
  EXPECT_EQ(account()->known_modseq(early), 0U);
  EXPECT_EQ(account()->known_modseq(account()->modseq()), account()->modseq());
  EXPECT_THAT(findings(), IsEmpty());
}

// The account's part alone, for more restores than anybody makes.
TEST(RestoredAccounts, RememberAsManyLostTimesAsTheyHaveRoomFor) {
  ManualClock clock;
  SeededRandom random{7};
  Metrics metrics;
  store::Options options;
  options.engine = "memory";
  store::FaultyStore store{*store::open(options, null_log(), metrics, clock)};
  const AccountId owner{2000};
  std::vector<Modseq> before, lost;
  for (int i = 0; i < 50; ++i) {
    const auto accounts = Accounts::create(store, {}, [](AccountId) { return 0; }, clock, random, null_log(), metrics);
    const auto account = *accounts->open(owner);
    before.push_back(account->modseq());
    lost.push_back(account->modseq() + 1);
    for (std::size_t k = 0; k + 1 < lost.size(); ++k) EXPECT_EQ(account->known_modseq(lost[k]), 0U) << k << " of " << i;
    // The newest ones are known for what they are.
    for (std::size_t k = i > 20 ? static_cast<std::size_t>(i) - 20 : 0; k < before.size(); ++k) {
      EXPECT_EQ(account->known_modseq(before[k]), before[k]) << k << " of " << i;
    }
    clock.advance(hours(1));
    store.restored.push_back({std::chrono::floor<std::chrono::seconds>(clock.now()), minutes(30)});
    EXPECT_TRUE(accounts->check(owner, false, [](const Accounts::Finding& f) { ADD_FAILURE() << f.where << f.what; }));
  }
}

// What readers have seen on their own is in the backup like anything else, and what they read since is unknown again.
TEST_P(ARestoredAccount, HasWhatReadersHadSeen) {
  constexpr Reader kReader = 7001;
  const FolderId inbox = folder(*account(), "INBOX");
  for (int i = 0; i < 3; ++i) add(*account(), inbox, "kept " + std::to_string(i));
  ASSERT_TRUE(account()->set_own_seen(true));
  const auto mark = [&](Uid uid) {
    const auto view = *accounts_->open_for(kOwner, kReader);
    EXPECT_TRUE(view->store_flags(inbox, set({uid}), FlagChange::add, Flags{flag::kSeen, {}}, std::nullopt));
    return view->modseq();
  };
  const Modseq kept = mark(1);
  back_up();
  clock_.advance(hours(1));
  const Modseq lost = mark(2);
  restore();
  const auto view = *accounts_->open_for(kOwner, kReader);
  EXPECT_EQ(view->folder(inbox)->unseen, 2U);
  EXPECT_EQ(view->known_modseq(lost), 0U);
  const auto delta = view->changes(inbox, lost);
  ASSERT_TRUE(delta);
  EXPECT_EQ(delta->changed, NumberSet::of(1, 3));
  EXPECT_EQ(delta->rows.at(0).flags.system, flag::kSeen);
  EXPECT_EQ(delta->rows.at(1).flags.system, 0);
  EXPECT_TRUE(view->changes(inbox, kept)->changed.empty());
  EXPECT_FALSE(view->account_changes(lost, 100)->known);
  EXPECT_GT(mark(3), lost);
  EXPECT_THAT(findings(), IsEmpty());
}

}  // namespace
}  // namespace gatepost::account
