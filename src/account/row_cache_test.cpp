#include "account/row_cache.hpp"

#include <gmock/gmock.h>

#include "account/account_fixture.hpp"

namespace gatepost::account {
namespace {

using testing::SizeIs;

Row row(Uid uid, std::vector<KeywordId> keywords = {}) {
  Row r;
  r.uid = uid;
  r.item = r.email = ItemId{1000 + uid};
  r.flags = {flag::kSeen, std::move(keywords)};
  r.modseq = 5'000'000'000 + uid;
  r.octets = 100 * uid;
  r.received = TimePoint(std::chrono::seconds(1'700'000'000 - 3600 * static_cast<int>(uid)));
  r.saved = TimePoint(std::chrono::seconds(1'700'000'000 + static_cast<int>(uid)));
  return r;
}

TEST(RowChunk, GivesBackTheRowsItWasMadeOf) {
  std::vector<Row> rows = {row(1025), row(1030, {3}), row(2047, {1, 3})};
  rows[2].modseq = rows[0].modseq * 60'000;  // as after a restore of the store
  rows[2].item = ItemId{std::uint64_t{1} << 50};
  const auto chunk = RowChunk::pack(rows, 9);
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->at(), 9U);
  ASSERT_EQ(chunk->size(), 3U);
  Row out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    chunk->unpack(i, out);
    EXPECT_EQ(chunk->uid(i), rows[i].uid);
    EXPECT_EQ(out.uid, rows[i].uid);
    EXPECT_EQ(out.item, rows[i].item);
    EXPECT_EQ(out.flags, rows[i].flags);
    EXPECT_EQ(out.modseq, rows[i].modseq);
    EXPECT_EQ(out.octets, rows[i].octets);
    EXPECT_EQ(out.received, rows[i].received);
    EXPECT_EQ(out.saved, rows[i].saved);
  }
}

TEST(RowChunk, KnowsWhenMessagesWereSentAsFarAsTheRowsDo) {
  std::vector<Row> rows = {row(1), row(2), row(3), row(4)};
  rows[1].sent = 1'600'000'000;
  rows[2].sent = -5'000'000'000;  // too far from the others to be kept
  rows[3].sent = std::chrono::floor<std::chrono::seconds>(rows[3].received).time_since_epoch().count();
  const auto chunk = RowChunk::pack(rows, 1);
  ASSERT_TRUE(chunk);
  Row out;
  out.sent = 1;
  chunk->unpack(0, out);
  EXPECT_FALSE(out.sent);
  chunk->unpack(1, out);
  EXPECT_EQ(out.sent, rows[1].sent);
  chunk->unpack(2, out);
  EXPECT_FALSE(out.sent);
  chunk->unpack(3, out);
  EXPECT_EQ(out.sent, rows[3].sent);
}

TEST(RowChunk, IsNotMadeOfRowsThatDoNotFit) {
  std::vector<Row> rows = {row(1), row(2)};
  rows[1].octets = std::uint64_t{1} << 32;
  EXPECT_FALSE(RowChunk::pack(rows, 1));
  rows = {row(1), row(2)};
  rows[1].received += std::chrono::hours(24 * 365 * 90);
  EXPECT_FALSE(RowChunk::pack(rows, 1));
  rows.clear();
  for (Uid uid = 1; uid <= 300; ++uid) rows.push_back(row(uid, {static_cast<KeywordId>(uid)}));
  EXPECT_FALSE(RowChunk::pack(rows, 1));
}

TEST(RowChunk, IsWhatItWouldBeAfterAChange) {
  std::vector<Row> rows = {row(1025), row(1030, {3}), row(1031), row(1040)};
  const auto chunk = RowChunk::pack(rows, 9);
  std::vector<Row> after = {rows[0], rows[1], rows[3], row(1041, {7})};
  after[0].flags = {flag::kDraft, {1, 3}};
  after[0].modseq = 10;
  after[1].flags.keywords.clear();
  after[3].thread = ItemId{5};
  after[3].email = ItemId{6};
  after[3].sent = 1'600'000'000;
  const std::vector<RowChunk::Change> changes = {
      {1025, &after[0]}, {1026, nullptr}, {1030, &after[1]}, {1031, nullptr}, {1041, &after[3]}};
  const auto changed = chunk->changed(changes, 10);
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->at(), 10U);
  ASSERT_EQ(changed->size(), after.size());
  Row out;
  for (std::size_t i = 0; i < after.size(); ++i) {
    changed->unpack(i, out);
    EXPECT_EQ(out.uid, after[i].uid);
    EXPECT_EQ(out.item, after[i].item);
    EXPECT_EQ(out.thread, after[i].thread);
    EXPECT_EQ(out.email, after[i].email);
    EXPECT_EQ(out.flags, after[i].flags);
    EXPECT_EQ(out.modseq, after[i].modseq);
    EXPECT_EQ(out.sent, after[i].sent);
  }
  EXPECT_EQ(chunk->size(), 4U);  // as it was
  EXPECT_TRUE(changed->has_same_rows(*RowChunk::pack(after, 1)));
  EXPECT_FALSE(changed->has_same_rows(*chunk));
  const auto read = RowChunk::decode(changed->encode(), 1);
  ASSERT_TRUE(read);
  EXPECT_TRUE((*read)->has_same_rows(*changed));
  // The first is gone.
  const std::vector<RowChunk::Change> first_gone = {{1025, nullptr}};
  const auto without = chunk->changed(first_gone, 11);
  ASSERT_TRUE(without);
  EXPECT_TRUE(without->has_same_rows(*RowChunk::pack(std::span(rows).subspan(1), 1)));
  EXPECT_TRUE((*RowChunk::decode(without->encode(), 1))->has_same_rows(*without));
  EXPECT_TRUE(without->changed(std::vector<RowChunk::Change>{{1040, &rows[3]}}, 12)->has_same_rows(*without));
  // Nothing left; one that comes between others; one that is another message.
  const std::vector<RowChunk::Change> all_gone = {{1025, nullptr}, {1030, nullptr}, {1031, nullptr}, {1040, nullptr}};
  EXPECT_FALSE(chunk->changed(all_gone, 10));
  const Row between = row(1026);
  EXPECT_FALSE(chunk->changed(std::vector<RowChunk::Change>{{1026, &between}}, 10));
  Row other = row(1030);
  other.item = ItemId{1};
  EXPECT_FALSE(chunk->changed(std::vector<RowChunk::Change>{{1030, &other}}, 10));
}

TEST(RowChunk, VisitsWhatIsWantedUntilItIsEnough) {
  const auto chunk = RowChunk::pack(std::vector{row(1025), row(1030), row(1031), row(1040)}, 9);
  NumberSet wanted = NumberSet::of(1026, 1031);
  wanted.add(1040, 5000);
  std::vector<Uid> seen;
  EXPECT_TRUE(chunk->visit(wanted, [&](Row& r) { return seen.push_back(r.uid), true; }));
  EXPECT_THAT(seen, testing::ElementsAre(1030, 1031, 1040));
  EXPECT_FALSE(chunk->visit(wanted, [&](Row&) { return false; }));
}

TEST(RowCache, FindsOnlyWhatIsAsNewAsAsked) {
  RowCache cache(1 << 20);
  const RowCache::Key key{cache.new_owner(), FolderId{1}, 0};
  EXPECT_FALSE(cache.find(key, 0));
  cache.put(key, RowChunk::pack(std::vector{row(1)}, 7));
  EXPECT_TRUE(cache.find(key, 0));
  EXPECT_TRUE(cache.find(key, 7));
  EXPECT_FALSE(cache.find(key, 8));
  EXPECT_FALSE(cache.find(key, 0));  // it went
  EXPECT_EQ(cache.octets(), 0U);
  cache.put(key, RowChunk::pack(std::vector{row(1)}, 9));
  cache.put(key, RowChunk::pack(std::vector{row(1)}, 8));  // one who was slow
  EXPECT_TRUE(cache.find(key, 9));
  EXPECT_FALSE(cache.find({cache.new_owner(), FolderId{1}, 0}, 0));
}

TEST(RowCache, LetsGoWhatWasNotUsedForLongest) {
  const auto chunk = RowChunk::pack(std::vector{row(1)}, 1);
  RowCache cache(chunk->octets() * 2);
  const std::uint64_t owner = cache.new_owner();
  const auto key = [&](std::uint32_t n) { return RowCache::Key{owner, FolderId{1}, n}; };
  cache.put(key(1), chunk);
  cache.put(key(2), chunk);
  EXPECT_TRUE(cache.find(key(1), 0));
  cache.put(key(3), chunk);
  EXPECT_TRUE(cache.find(key(1), 0));
  EXPECT_FALSE(cache.find(key(2), 0));
  EXPECT_TRUE(cache.find(key(3), 0));
  EXPECT_LE(cache.octets(), chunk->octets() * 2);
}

class RowsFromMemory : public AccountFixture {
 protected:
  void fill(Account& a, FolderId inbox, std::size_t count) {
    std::vector<NewItem> items(count, message("same"));
    ASSERT_TRUE(a.append(inbox, items));
    ASSERT_TRUE(a.open_folder(inbox, false));  // from here on its rows may be kept
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, RowsFromMemory, testing::Values("memory", "rocksdb"),
                         [](const auto& i) { return std::string(i.param); });

TEST_P(RowsFromMemory, AreWhatTheStoreHasAfterEveryKindOfChange) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX"), archive = folder(*a, "Archive");
  fill(*a, inbox, 2500);
  const auto same = [&](const std::vector<Row>& left, const std::vector<Row>& right) {
    ASSERT_EQ(left.size(), right.size());
    for (std::size_t i = 0; i < left.size(); ++i) {
      ASSERT_EQ(left[i].uid, right[i].uid);
      ASSERT_EQ(left[i].modseq, right[i].modseq) << left[i].uid;
      ASSERT_TRUE(left[i].flags == right[i].flags) << left[i].uid;
    }
  };
  EXPECT_THAT(rows(*a, inbox), SizeIs(2500));
  EXPECT_THAT(rows(*a, inbox), SizeIs(2500));  // from memory
  ASSERT_TRUE(
      a->store_flags(inbox, set({1, 1024, 2047, 2048}), FlagChange::add, Flags{flag::kFlagged, {}}, std::nullopt));
  auto all = rows(*a, inbox);
  EXPECT_EQ(all[0].flags.system, flag::kFlagged);
  EXPECT_EQ(all[1023].flags.system, flag::kFlagged);
  EXPECT_EQ(all[1].flags.system, 0);
  ASSERT_TRUE(a->remove(inbox, NumberSet::of(1000, 1100)));
  add(*a, inbox, "new");
  ASSERT_TRUE(a->move(inbox, set({5, 2400}), archive));
  all = rows(*a, inbox);
  EXPECT_THAT(all, SizeIs(2500 - 101 + 1 - 2));
  EXPECT_EQ(all.back().uid, 2501U);
  restart();
  const auto again = account();
  same(all, rows(*again, inbox));
}

TEST_P(RowsFromMemory, StopWhenTheVisitorHasEnough) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX");
  fill(*a, inbox, 1500);
  for (int round = 0; round < 2; ++round) {
    std::vector<Uid> seen;
    ASSERT_TRUE(a->rows(inbox, NumberSet::of(1, 1500), [&](const Row& r) {
      seen.push_back(r.uid);
      return r.uid < 1200;
    }));
    EXPECT_THAT(seen, SizeIs(1200));
  }
}

TEST_P(RowsFromMemory, DoNotOutliveTheAccount) {
  FolderId inbox{};
  {
    const auto a = account();
    inbox = folder(*a, "INBOX");
    fill(*a, inbox, 1200);
    EXPECT_THAT(rows(*a, inbox), SizeIs(1200));
  }
  ASSERT_TRUE(accounts_->remove(kOwner));
  const auto a = account();
  fill(*a, folder(*a, "INBOX"), 300);
  EXPECT_THAT(rows(*a, folder(*a, "INBOX")), SizeIs(300));
}

}  // namespace
}  // namespace gatepost::account
