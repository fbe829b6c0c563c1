#include <algorithm>

#include <gmock/gmock.h>

#include "account/account_fixture.hpp"
#include "account/head.hpp"
#include "account/records.hpp"
#include "account/seen_marks.hpp"
#include "store/keys.hpp"

namespace gatepost::account {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Reader kAnna = 7001, kBert = 7002;

class OwnSeen : public AccountFixture {
 protected:
  void begin() {
    owner_ = account();
    inbox_ = folder(*owner_, "INBOX");
    sent_ = folder(*owner_, "Sent");
    ASSERT_TRUE(owner_->set_own_seen(true));
    anna_ = view(kAnna);
    bert_ = view(kBert);
  }
  std::shared_ptr<Account> view(Reader reader) { return *accounts_->open_for(kOwner, reader); }
  void again() {
    owner_ = anna_ = bert_ = nullptr;
    restart();
    owner_ = account();
    anna_ = view(kAnna);
    bert_ = view(kBert);
  }
  Result<StoreOutcome> mark(Account& a, const NumberSet& uids, FlagChange change = FlagChange::add,
                            std::uint8_t flags = flag::kSeen) {
    return a.store_flags(inbox_, uids, change, Flags{flags, {}}, std::nullopt);
  }
  std::uint32_t unseen(Account& a, FolderId f) { return a.folder(f)->unseen; }
  NumberSet seen(Account& a, FolderId f) {
    NumberSet out;
    for (const Row& row : rows(a, f)) {
      if ((row.flags.system & flag::kSeen) != 0) out.add(row.uid);
    }
    return out;
  }
  // Of all readers, in all folders.
  std::size_t stored(char kind) {
    std::size_t count = 0;
    const std::string begin(1, kind);
    auto snap = store_->keys().snapshot(store::Partition{static_cast<std::uint64_t>(kOwner)}, std::chrono::seconds(9));
    EXPECT_TRUE((*snap)->scan(begin, store::prefix_end(begin), false, 100, [&](store::Entry) {
      ++count;
      return true;
    }));
    return count;
  }
  void damage(std::vector<store::Write> writes) {
    owner_ = anna_ = bert_ = nullptr;
    const store::Partition p{static_cast<std::uint64_t>(kOwner)};
    store::Batch batch;
    batch.writes = std::move(writes);
    ASSERT_TRUE(store_->keys().commit(p, *store_->keys().version(p), batch));
    again();
  }

  std::shared_ptr<Account> owner_, anna_, bert_;
  FolderId inbox_{}, sent_{};
};
INSTANTIATE_TEST_SUITE_P(Engines, OwnSeen, testing::ValuesIn(kEngines),
                         [](const auto& i) { return std::string(i.param); });

TEST_P(OwnSeen, IsNobodysUnlessItIsWanted) {
  owner_ = account();
  inbox_ = folder(*owner_, "INBOX");
  anna_ = view(kAnna);
  EXPECT_FALSE(*owner_->own_seen());
  EXPECT_EQ(anna_->reader(), kEverybody);
  for (int i = 0; i < 3; ++i) add(*owner_, inbox_, "m");
  ASSERT_TRUE(mark(*anna_, set({2})));
  EXPECT_EQ(seen(*owner_, inbox_), set({2}));
  EXPECT_EQ(unseen(*anna_, inbox_), 2U);
  EXPECT_EQ(stored(records::kind::kSeen), 0U);
}

TEST_P(OwnSeen, IsTheOwnersForTheOwner) {
  begin();
  EXPECT_EQ(*accounts_->open_for(kOwner, static_cast<Reader>(kOwner)), owner_);
  EXPECT_EQ(owner_->reader(), kEverybody);
  EXPECT_EQ(anna_->reader(), kAnna);
  EXPECT_EQ(view(kAnna), anna_);
}

TEST_P(OwnSeen, IsKeptApartAndLastsOverARestart) {
  begin();
  for (int i = 0; i < 5; ++i) add(*owner_, inbox_, "m");
  ASSERT_TRUE(mark(*owner_, set({1})));
  ASSERT_TRUE(mark(*anna_, set({1, 2, 3})));
  const auto both = mark(*bert_, set({4}), FlagChange::add, flag::kSeen | flag::kFlagged);
  ASSERT_TRUE(both);
  EXPECT_EQ(both->changed.at(0).flags.system, flag::kSeen | flag::kFlagged);
  for (int turn = 0; turn < 2; ++turn) {
    EXPECT_EQ(seen(*owner_, inbox_), set({1}));
    EXPECT_EQ(seen(*anna_, inbox_), set({1, 2, 3}));
    EXPECT_EQ(seen(*bert_, inbox_), set({4}));
    EXPECT_EQ(unseen(*owner_, inbox_), 4U);
    EXPECT_EQ(unseen(*anna_, inbox_), 2U);
    EXPECT_EQ(unseen(*bert_, inbox_), 4U);
    EXPECT_EQ(anna_->open_folder(inbox_, false)->first_unseen, 4U);
    EXPECT_EQ(bert_->open_folder(inbox_, false)->first_unseen, 1U);
    EXPECT_EQ(rows(*owner_, inbox_).at(3).flags.system, flag::kFlagged);
    again();
  }
  ASSERT_TRUE(mark(*anna_, set({2}), FlagChange::remove));
  EXPECT_EQ(anna_->open_folder(inbox_, false)->first_unseen, 2U);
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(OwnSeen, ChangesAreNothingToAnybodyElse) {
  begin();
  for (int i = 0; i < 3; ++i) add(*owner_, inbox_, "m");
  const auto watch = owner_->watch([] {});
  const Modseq at = owner_->modseq();
  const Modseq highest = owner_->folder(inbox_)->highest_modseq;
  const auto done = mark(*anna_, set({2}));
  ASSERT_TRUE(done);
  EXPECT_EQ(done->modseq, at + 1);
  for (const auto& other : {owner_, bert_}) {
    EXPECT_EQ(other->folder(inbox_)->highest_modseq, highest);
    EXPECT_TRUE(other->changes(inbox_, at)->changed.empty());
    EXPECT_THAT(other->account_changes(at, 100)->emails, IsEmpty());
    EXPECT_THAT(other->account_changes(at, 100)->folders, IsEmpty());
    EXPECT_EQ(other->account_changes(at, 100)->to, at + 1);
    EXPECT_THAT(other->folder_news(at)->events, IsEmpty());
  }
  EXPECT_EQ(anna_->folder(inbox_)->highest_modseq, at + 1);
  EXPECT_EQ(anna_->changes(inbox_, at)->rows.at(0).modseq, at + 1);
  EXPECT_EQ(anna_->account_changes(at, 100)->emails.size(), 1U);
  EXPECT_EQ(anna_->account_changes(at, 100)->folders.size(), 1U);
  const auto news = anna_->folder_news(at);
  ASSERT_EQ(news->events.size(), 1U);
  EXPECT_TRUE(news->events[0].unseen && news->events[0].flags);
  // What the owner sees is no news about how many she has not.
  ASSERT_TRUE(mark(*owner_, set({3})));
  EXPECT_FALSE(anna_->folder_news(at + 1)->events.at(0).unseen);
  ASSERT_TRUE(mark(*anna_, set({2})));  // is so already
  EXPECT_EQ(anna_->modseq(), at + 2);
}

TEST_P(OwnSeen, IsCheckedAgainstWhatTheReaderKnows) {
  begin();
  add(*owner_, inbox_, "m");
  const Modseq at = anna_->modseq();
  ASSERT_TRUE(mark(*anna_, set({1})));
  const auto refused = anna_->store_flags(inbox_, set({1}), FlagChange::add, Flags{flag::kFlagged, {}}, at);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->modified, set({1}));
  const auto taken = bert_->store_flags(inbox_, set({1}), FlagChange::add, Flags{flag::kFlagged, {}}, at);
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->modified.empty());
}

TEST_P(OwnSeen, GoesWithMessagesThatAreCopiedOrMoved) {
  begin();
  for (int i = 0; i < 3; ++i) add(*owner_, inbox_, "m");
  ASSERT_TRUE(mark(*anna_, set({1, 2})));
  ASSERT_TRUE(mark(*bert_, set({3})));
  ASSERT_TRUE(bert_->copy(inbox_, set({1, 3}), sent_));
  EXPECT_EQ(seen(*anna_, sent_), set({1}));
  EXPECT_EQ(seen(*bert_, sent_), set({2}));
  ASSERT_TRUE(owner_->move(inbox_, set({2}), sent_));
  EXPECT_EQ(seen(*anna_, sent_), set({1, 3}));
  EXPECT_EQ(unseen(*anna_, inbox_), 1U);
  EXPECT_EQ(unseen(*anna_, sent_), 1U);
  EXPECT_EQ(seen(*owner_, sent_), NumberSet());
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(OwnSeen, OfWhatAReaderPutsThereIsHis) {
  begin();
  add(*anna_, inbox_, "m", flag::kSeen | flag::kDraft);
  EXPECT_EQ(rows(*anna_, inbox_).at(0).flags.system, flag::kSeen | flag::kDraft);
  EXPECT_EQ(rows(*owner_, inbox_).at(0).flags.system, flag::kDraft);
  EXPECT_EQ(unseen(*anna_, inbox_), 0U);
  EXPECT_EQ(unseen(*bert_, inbox_), 1U);
}

TEST_P(OwnSeen, IsForgottenWithTheMessageAndTheFolder) {
  begin();
  for (int i = 0; i < 4; ++i) add(*owner_, inbox_, "m");
  ASSERT_TRUE(mark(*anna_, NumberSet::of(1, 4)));
  ASSERT_TRUE(owner_->remove(inbox_, set({2})));
  ASSERT_TRUE(mark(*owner_, set({3}), FlagChange::add, flag::kDeleted));
  ASSERT_TRUE(owner_->expunge(inbox_, set({3})));
  EXPECT_EQ(unseen(*anna_, inbox_), 0U);
  EXPECT_THAT(findings(), IsEmpty());
  ASSERT_TRUE(owner_->remove(inbox_, set({1, 4})));
  EXPECT_EQ(stored(records::kind::kSeenMarks), 0U);
  EXPECT_EQ(stored(records::kind::kSeenChanged), 0U);

  const FolderId other = owner_->create_folder("other")->id;
  add(*owner_, other, "m");
  ASSERT_TRUE(anna_->store_flags(other, set({1}), FlagChange::add, Flags{flag::kSeen, {}}, std::nullopt));
  EXPECT_EQ(stored(records::kind::kSeenMarks), 1U);
  ASSERT_TRUE(owner_->delete_folder(other));
  EXPECT_EQ(stored(records::kind::kSeenMarks), 0U);
  EXPECT_EQ(stored(records::kind::kSeenChanged), 0U);
  EXPECT_EQ(stored(records::kind::kSeen), 1U);  // of the inbox: when it last changed
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(OwnSeen, BeginsAndEndsWithEverythingChanged) {
  begin();
  for (int i = 0; i < 3; ++i) add(*owner_, inbox_, "m", i == 0 ? flag::kSeen : 0);
  ASSERT_TRUE(mark(*anna_, set({3})));
  for (const bool on : {false, true}) {
    const Modseq before = anna_->modseq();
    const Modseq of_owner = owner_->folder(inbox_)->highest_modseq;
    ASSERT_TRUE(owner_->set_own_seen(on));
    EXPECT_EQ(anna_->reader(), on ? kAnna : kEverybody);
    EXPECT_EQ(seen(*anna_, inbox_), on ? NumberSet() : set({1}));
    EXPECT_EQ(unseen(*anna_, inbox_), on ? 3U : 2U);
    EXPECT_GT(anna_->folder(inbox_)->highest_modseq, before);
    const auto delta = anna_->changes(inbox_, before);
    ASSERT_TRUE(delta);
    EXPECT_EQ(delta->changed, NumberSet::of(1, 3));
    for (const Row& row : delta->rows) EXPECT_GT(row.modseq, before);
    EXPECT_FALSE(anna_->account_changes(before, 100)->known);
    EXPECT_FALSE(anna_->folder_news(before)->complete);
    // For the owner nothing is another.
    EXPECT_EQ(owner_->folder(inbox_)->highest_modseq, of_owner);
    EXPECT_TRUE(owner_->changes(inbox_, before)->changed.empty());
    EXPECT_TRUE(owner_->account_changes(before, 100)->known);
    EXPECT_EQ(stored(records::kind::kSeenMarks), 0U);
    EXPECT_THAT(findings(), IsEmpty());
  }
}

// Cost follows the change: of a large folder one chunk is written, whatever was read before.
TEST_P(OwnSeen, ChangesOneChunkOfALargeFolder) {
  begin();
  std::vector<NewItem> items;
  for (Uid uid = 1; uid < 40'000; uid += 500) {
    items.push_back(message("m"));
    items.back().uid = uid;
  }
  ASSERT_TRUE(owner_->append(inbox_, items));
  ASSERT_TRUE(mark(*anna_, NumberSet::of(1, 40'000)));
  EXPECT_EQ(unseen(*anna_, inbox_), 0U);
  EXPECT_EQ(stored(records::kind::kSeenMarks), 39U);
  EXPECT_EQ(stored(records::kind::kSeenChanged), 39U);
  const Modseq at = anna_->modseq();
  ASSERT_TRUE(mark(*anna_, set({20'001}), FlagChange::remove));
  const auto delta = anna_->changes(inbox_, at);
  EXPECT_EQ(delta->changed, set({20'001}));
  EXPECT_EQ(anna_->open_folder(inbox_, false)->first_unseen, 20'001U);
  EXPECT_EQ(seen(*anna_, inbox_).size(), items.size() - 1);
  // Rows of one chunk after the other, and no more of them than are wanted.
  std::vector<Uid> visited;
  ASSERT_TRUE(anna_->rows(inbox_, NumberSet::of(19'000, 0xffffffff), [&](const Row& row) {
    visited.push_back(row.uid);
    return visited.size() < 4;
  }));
  EXPECT_THAT(visited, ElementsAre(19'001, 19'501, 20'001, 20'501));
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(OwnSeen, HasADeltaWithoutRowsWhenMuchWasRead) {
  begin();
  const std::vector<NewItem> items(400, message("m"));
  ASSERT_TRUE(owner_->append(inbox_, items));
  const Modseq at = anna_->modseq();
  ASSERT_TRUE(mark(*bert_, NumberSet::of(1, 400)));
  ASSERT_TRUE(mark(*owner_, NumberSet::of(1, 10), FlagChange::add, flag::kFlagged));
  const auto many = bert_->changes(inbox_, at);
  EXPECT_EQ(many->changed.size(), 400U);
  EXPECT_FALSE(many->has_rows());
  EXPECT_THAT(many->rows, IsEmpty());
  const auto few = anna_->changes(inbox_, at);
  EXPECT_EQ(few->rows.size(), 10U);
  EXPECT_EQ(few->rows[0].flags.system, flag::kFlagged);
}

TEST_P(OwnSeen, RowsOfAnItemAreTheReaders) {
  begin();
  add(*owner_, inbox_, "m");
  const ItemId item = rows(*owner_, inbox_).at(0).item;
  ASSERT_TRUE(mark(*anna_, set({1})));
  const std::vector<ItemId> ids{item, ItemId{999}};
  EXPECT_EQ(anna_->messages_of(ids)->at(0).at(0).row.flags.system, flag::kSeen);
  EXPECT_EQ(anna_->messages_of(ids)->at(0).at(0).row.modseq, anna_->modseq());
  EXPECT_EQ(bert_->messages_of(ids)->at(0).at(0).row.flags.system, 0);
  EXPECT_TRUE(bert_->messages_of(ids)->at(1).empty());
}

TEST_P(OwnSeen, IsNotForMoreReadersThanAFolderHasRoomFor) {
  begin();
  add(*owner_, inbox_, "m");
  std::vector<store::Write> writes;
  for (Reader reader = 1; reader <= kMaxReaders; ++reader)
    writes.push_back({records::seen_totals_key(inbox_, 10'000 + reader), records::encode(records::SeenTotals{0, 1})});
  damage(std::move(writes));
  const auto refused = mark(*anna_, set({1}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::limit);
  EXPECT_TRUE(mark(*view(10'001), set({1})));
  // Other flags are everybody's.
  EXPECT_TRUE(anna_->store_flags(inbox_, set({1}), FlagChange::add, Flags{flag::kFlagged, {}}, std::nullopt,
                                 {.system = flag::kFlagged}));
  EXPECT_TRUE(owner_->copy(inbox_, set({1}), sent_));
  // And a message is taken all the same.
  EXPECT_NE(add(*anna_, inbox_, "m", flag::kSeen), 0U);
  EXPECT_EQ(seen(*anna_, inbox_), NumberSet());
}

TEST_P(OwnSeen, GoesWithItsReader) {
  begin();
  for (int i = 0; i < 2; ++i) add(*owner_, inbox_, "m");
  ASSERT_TRUE(mark(*anna_, set({1})));
  ASSERT_TRUE(mark(*bert_, set({2})));
  ASSERT_TRUE(owner_->forget_reader(kAnna));
  EXPECT_EQ(stored(records::kind::kSeenMarks), 1U);
  EXPECT_EQ(seen(*anna_, inbox_), NumberSet());
  EXPECT_EQ(unseen(*anna_, inbox_), 2U);
  EXPECT_EQ(seen(*bert_, inbox_), set({2}));
  const Modseq at = owner_->modseq();
  ASSERT_TRUE(owner_->forget_reader(kAnna));
  EXPECT_EQ(owner_->modseq(), at);
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(OwnSeen, IsMendedByACheck) {
  begin();
  for (int i = 0; i < 5; ++i) add(*owner_, inbox_, "m");
  ASSERT_TRUE(mark(*anna_, set({1, 2})));
  const std::string marks = records::seen_marks_key(inbox_, kAnna, 0);
  const std::string totals = records::seen_totals_key(inbox_, kAnna);
  const auto expect_repair = [&](std::string_view what) {
    EXPECT_THAT(findings(), Contains(HasSubstr(std::string(what))));
    EXPECT_THAT(findings(kOwner, true), Contains(HasSubstr("(repaired)")));
    EXPECT_THAT(findings(), IsEmpty());
  };
  damage({{totals, records::encode(records::SeenTotals{5, 3})}});
  EXPECT_EQ(unseen(*anna_, inbox_), 0U);
  expect_repair("totals are wrong");
  EXPECT_EQ(unseen(*anna_, inbox_), 3U);

  damage({{totals, std::nullopt}});
  expect_repair("totals are missing");
  EXPECT_EQ(unseen(*anna_, inbox_), 3U);

  const auto entry = [&](Modseq modseq) { return records::seen_changed_key(inbox_, kAnna, modseq, 0); };
  damage({{entry(3), records::encode_empty()}});
  expect_repair("a change of what is seen that is not there");
  EXPECT_EQ(stored(records::kind::kSeenChanged), 1U);

  SeenMarks more(0);
  more.mark(2, true, 9);
  more.mark(4'000 % records::kChunkUids, true, 9);
  damage({{marks, more.encode()}});
  expect_repair("has seen what is not there");
  EXPECT_EQ(seen(*anna_, inbox_), set({2}));
  EXPECT_EQ(unseen(*anna_, inbox_), 4U);

  damage({{marks, "\1\x7f\x7f"}});
  EXPECT_EQ(seen(*anna_, inbox_), NumberSet());
  expect_repair("cannot be read");
  EXPECT_EQ(unseen(*anna_, inbox_), 5U);

  damage({{records::own_seen_key(), "\1\7\7"}});
  EXPECT_FALSE(*owner_->own_seen());
  expect_repair("cannot be read");
  EXPECT_EQ(stored(records::kind::kSeen), 0U);
}

// A chunk that cannot be read holds nobody up.
TEST_P(OwnSeen, GoesOnOverDamage) {
  begin();
  for (int i = 0; i < 3; ++i) add(*owner_, inbox_, "m");
  ASSERT_TRUE(mark(*anna_, set({1, 2})));
  damage({{records::seen_marks_key(inbox_, kAnna, 0), "\1\x7f\x7f"}});
  ASSERT_TRUE(mark(*anna_, set({3})));
  EXPECT_EQ(seen(*anna_, inbox_), set({3}));
  ASSERT_TRUE(owner_->remove(inbox_, set({1, 3})));
  EXPECT_EQ(rows(*anna_, inbox_).size(), 1U);
}

}  // namespace
}  // namespace gatepost::account
