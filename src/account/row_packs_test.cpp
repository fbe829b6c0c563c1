#include "account/row_packs.hpp"

#include <filesystem>
#include <random>

#include <gmock/gmock.h>

#include "account/account_fixture.hpp"
#include "account/derived.hpp"
#include "store/key_value.hpp"

namespace gatepost::account {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

void expect_same(const std::vector<Row>& left, const std::vector<Row>& right) {
  ASSERT_EQ(left.size(), right.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    const Row &a = left[i], &b = right[i];
    ASSERT_EQ(a.uid, b.uid);
    ASSERT_EQ(a.item, b.item) << a.uid;
    ASSERT_TRUE(a.flags == b.flags) << a.uid;
    ASSERT_EQ(a.modseq, b.modseq) << a.uid;
    ASSERT_EQ(a.octets, b.octets) << a.uid;
    ASSERT_EQ(a.received, b.received) << a.uid;
    ASSERT_EQ(a.saved, b.saved) << a.uid;
    ASSERT_EQ(a.thread, b.thread) << a.uid;
    ASSERT_EQ(a.email, b.email) << a.uid;
    ASSERT_EQ(a.sent, b.sent) << a.uid;
  }
}

std::vector<Row> unpacked(const RowChunk& chunk) {
  std::vector<Row> rows(chunk.size());
  for (std::size_t i = 0; i < rows.size(); ++i) chunk.unpack(i, rows[i]);
  return rows;
}

// Rows of one chunk with everything that rows can have, the rarer the larger `dice` says.
std::vector<Row> some_rows(std::mt19937& dice) {
  const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(dice() % n); };
  std::vector<Row> rows;
  const bool gaps = below(2) == 0, threads = below(2) == 0, keywords = below(2) == 0, sent = below(2) == 0;
  const bool copies = below(2) == 0;
  Uid uid = 5 * records::kChunkUids + below(100);
  for (std::uint32_t count = 1 + below(300); count > 0 && uid < 6 * records::kChunkUids; --count) {
    Row row;
    row.uid = uid;
    uid += 1 + (gaps ? below(5) : 0);
    row.item = ItemId{(std::uint64_t{1} << below(60)) + below(1000)};
    row.thread = threads && below(2) == 0 ? ItemId{1 + below(100'000)} : row.item;
    row.email = copies && below(9) == 0 ? ItemId{1 + below(100'000)} : row.item;
    row.flags.system = static_cast<std::uint8_t>(below(32));
    if (keywords && below(3) == 0) row.flags.keywords = {static_cast<KeywordId>(below(5)), KeywordId{9}};
    row.modseq = std::uint64_t{1} << below(60);
    row.octets = std::uint64_t{1} << below(32);
    row.received = TimePoint(std::chrono::seconds(1'700'000'000 + static_cast<std::int64_t>(below(900'000'000))));
    row.saved = TimePoint(std::chrono::seconds(1'700'000'000 + static_cast<std::int64_t>(below(900'000'000))));
    if (sent && below(4) != 0) row.sent = 1'700'000'000 + static_cast<std::int64_t>(below(900'000'000));
    rows.push_back(std::move(row));
  }
  return rows;
}

TEST(PackedRows, AreWhatTheyWere) {
  std::mt19937 dice(5);
  for (int i = 0; i < 200; ++i) {
    const auto rows = some_rows(dice);
    const auto chunk = RowChunk::pack(rows, 3);
    ASSERT_TRUE(chunk);
    const std::string value = chunk->encode();
    const auto again = RowChunk::decode(value, 77);
    ASSERT_TRUE(again);
    EXPECT_EQ((*again)->at(), 77U);
    ASSERT_NO_FATAL_FAILURE(expect_same(unpacked(**again), unpacked(*chunk)));
    EXPECT_EQ((*again)->encode(), value);
  }
}

TEST(PackedRows, OfAWholeChunkFitIntoOneValueWhateverTheyAre) {
  std::vector<Row> rows;
  for (Uid i = 0; i < records::kChunkUids; ++i) {
    Row row;
    row.uid = records::kChunkUids + i;
    row.item = ItemId{i % 2 == 0 ? UINT64_MAX - i : i};
    row.thread = row.email = ItemId{i % 2 == 0 ? i : UINT64_MAX - i};
    row.modseq = i % 2 == 0 ? UINT64_MAX / 2 : 1;
    row.octets = UINT32_MAX - i;
    row.flags.keywords = {static_cast<KeywordId>(i % 2)};
    row.received = TimePoint(std::chrono::seconds(i % 2 == 0 ? 1'000'000'000 : 3'000'000'000));
    row.saved = row.received;
    row.sent = std::chrono::floor<std::chrono::seconds>(row.received).time_since_epoch().count();
    rows.push_back(row);
  }
  const auto chunk = RowChunk::pack(rows, 1);
  ASSERT_TRUE(chunk);
  EXPECT_LE(chunk->encode().size(), store::kMaxValueOctets);
  ASSERT_NO_FATAL_FAILURE(expect_same(unpacked(**RowChunk::decode(chunk->encode(), 1)), rows));
}

TEST(PackedRows, ThatAreDamagedAreRefusedOrRows) {
  std::mt19937 dice(6);
  for (int i = 0; i < 100; ++i) {
    const std::string value = RowChunk::pack(some_rows(dice), 1)->encode();
    for (std::size_t cut = 0; cut < value.size(); cut += 1 + value.size() / 50)
      EXPECT_FALSE(RowChunk::decode(value.substr(0, cut), 1)) << cut;
    EXPECT_FALSE(RowChunk::decode(value + "x", 1));
    for (int flips = 0; flips < 50; ++flips) {
      std::string broken = value;
      broken[dice() % broken.size()] = static_cast<char>(dice());
      if (const auto read = RowChunk::decode(broken, 1)) {
        EXPECT_LE((*read)->size(), records::kChunkUids);
        (void)unpacked(**read);
      }
    }
  }
  EXPECT_EQ(RowChunk::decode("\x02", 1).error().code, Errc::unsupported);
}

class RowsPacked : public AccountFixture {
 protected:
  static constexpr std::size_t kMany = 4'000;

  FolderId fill(Account& a, std::string_view path = "INBOX", std::size_t count = kMany) {
    const FolderId f = folder(a, path);
    std::vector<NewItem> items(count, message("same"));
    EXPECT_TRUE(a.append(f, items));
    return f;
  }
  // All of them, as a client asks that has just selected the folder.
  std::vector<Row> all(Account& a, FolderId f) {
    EXPECT_TRUE(a.open_folder(f, false));
    return rows(a, f);
  }
  // The same as one who keeps what he makes of them.
  static std::vector<Row> all_at_once(Account& a, FolderId f) {
    std::vector<Row> out;
    EXPECT_TRUE(a.all_rows(f, [&](const Row& row) { return out.push_back(row), true; }));
    return out;
  }
  // The same without anything that is kept beside the rows.
  std::vector<Row> truth(FolderId f, AccountId id = kOwner) {
    AccountsOptions plain = options_;
    plain.row_cache_octets = 0;
    const auto others = Accounts::create(
        *store_, plain, [](AccountId) { return QuotaLimits(); }, clock_, random_, null_log(), metrics_);
    return rows(**others->open(id), f);
  }
  void pack() { ASSERT_TRUE(accounts_->write_derived({})); }
  std::size_t entries() {
    std::size_t n = 0;
    auto snap = store_->keys().snapshot(kDerivedPartition, hours(1));
    EXPECT_TRUE((*snap)->scan("", "", false, 100, [&](store::Entry) { return ++n, true; }));
    return n;
  }
  // So that it can be seen who reads them: all packed rows get a flag that the rows do not have.
  void mark(std::uint8_t flags) {
    store::Batch batch;
    {
      auto snap = store_->keys().snapshot(kDerivedPartition, hours(1));
      EXPECT_TRUE((*snap)->scan("p", "q", false, 100, [&](store::Entry e) {
        auto changed = unpacked(**RowChunk::decode(e.value, 1));
        for (Row& row : changed) row.flags.system = flags;
        batch.writes.push_back({std::string(e.key), RowChunk::pack(changed, 1)->encode()});
        return true;
      }));
    }
    ASSERT_FALSE(batch.writes.empty());
    ASSERT_TRUE(store_->keys().commit(kDerivedPartition, *store_->keys().version(kDerivedPartition), batch));
  }
  static std::size_t with(std::uint8_t flags, const std::vector<Row>& rows) {
    return static_cast<std::size_t>(
        std::ranges::count_if(rows, [&](const Row& row) { return row.flags.system == flags; }));
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, RowsPacked, testing::ValuesIn(kEngines),
                         [](const auto& i) { return std::string(i.param); });

TEST_P(RowsPacked, AreReadAfterARestartAsFarAsNothingHasChanged) {
  FolderId inbox{};
  {
    const auto a = account();
    inbox = fill(*a);
    EXPECT_THAT(all(*a, inbox), SizeIs(kMany));
    EXPECT_EQ(entries(), 0U);
    pack();
    EXPECT_EQ(entries(), 1U + 4U);
    EXPECT_THAT(findings(), IsEmpty());
    pack();  // nobody wants it
    const auto version = *store_->keys().version(kDerivedPartition);
    EXPECT_THAT(all(*a, inbox), SizeIs(kMany));
    pack();
    EXPECT_EQ(*store_->keys().version(kDerivedPartition), version);
  }
  mark(flag::kDraft);
  restart();
  {
    const auto a = account();
    EXPECT_EQ(with(flag::kDraft, all(*a, inbox)), kMany);
    // What changes now is changed in memory, too.
    ASSERT_TRUE(a->store_flags(inbox, set({1500}), FlagChange::replace, Flags{flag::kSeen, {}}, std::nullopt));
    EXPECT_EQ(with(flag::kDraft, all(*a, inbox)), kMany - 1);
    EXPECT_EQ(with(flag::kSeen, all(*a, inbox)), 1U);
  }
  restart();
  {
    const auto a = account();
    // Only that one is looked up.
    EXPECT_EQ(with(flag::kDraft, all_at_once(*a, inbox)), kMany - 1);
    EXPECT_EQ(with(flag::kDraft, all(*a, inbox)), kMany - 1);
    ASSERT_TRUE(a->remove(inbox, set({7})));
    add(*a, inbox, "new");
  }
  restart();
  EXPECT_EQ(with(flag::kDraft, all_at_once(*account(), inbox)), kMany - 2);
  EXPECT_THAT(all(*account(), inbox), SizeIs(kMany));
  EXPECT_EQ(with(flag::kDraft, all(*account(), inbox)), kMany - 2);
  EXPECT_THAT(findings(), Contains(HasSubstr("packed rows from UID 2048 on are not")));
  EXPECT_THAT(findings(kOwner, true), Contains(HasSubstr("(repaired)")));
  EXPECT_EQ(with(flag::kDraft, all(*account(), inbox)), 0U);
  EXPECT_EQ(entries(), 0U);
  EXPECT_THAT(findings(), IsEmpty());
}

// Nobody has to look at many messages that came, or changed, before they are packed.
TEST_P(RowsPacked, AreMadeOfWhatComesAndChangesInNumbers) {
  FolderId inbox{};
  {
    const auto a = account();
    inbox = fill(*a);
    pack();
    EXPECT_EQ(entries(), 1U + 4U);
    EXPECT_THAT(findings(), IsEmpty());
  }
  mark(flag::kDraft);
  restart();
  {
    const auto a = account();
    EXPECT_EQ(with(flag::kDraft, all_at_once(*a, inbox)), kMany);
    ASSERT_TRUE(a->store_flags(inbox, NumberSet::of(2, 400), FlagChange::add, Flags{flag::kSeen, {}}, std::nullopt));
    pack();  // too few
    EXPECT_THAT(findings(), Contains(HasSubstr("packed rows from UID 1024 on are not")));
  }
  restart();
  const auto a = account();
  ASSERT_TRUE(a->store_flags(inbox, NumberSet::of(1025, 1425), FlagChange::add, Flags{flag::kSeen, {}}, std::nullopt));
  EXPECT_EQ(with(flag::kDraft, all_at_once(*a, inbox)), kMany - 399 - 401);
  pack();  // with those that the start has found
  EXPECT_EQ(entries(), 1U + 4U);
  restart();
  const auto again = all_at_once(*account(), inbox);
  EXPECT_EQ(with(flag::kSeen, again), 399U + 401U);
  EXPECT_EQ(with(flag::kDraft, again), kMany - 399 - 401);
}

TEST_P(RowsPacked, OfManyThatChangeAtOnceAreNotTakenForTrue) {
  FolderId inbox{};
  {
    const auto a = account();
    inbox = fill(*a);
    (void)all(*a, inbox);
    pack();
    ASSERT_TRUE(
        a->store_flags(inbox, NumberSet::of(1000, 2100), FlagChange::add, Flags{flag::kSeen, {}}, std::nullopt));
  }
  mark(flag::kDraft);
  restart();
  EXPECT_EQ(with(flag::kDraft, all(*account(), inbox)), kMany - 1101);
}

TEST_P(RowsPacked, AreNotMadeOfSmallFolders) {
  const auto a = account();
  const FolderId inbox = fill(*a, "INBOX", 1'500);
  (void)all(*a, inbox);
  pack();
  EXPECT_EQ(entries(), 0U);
}

TEST_P(RowsPacked, GoWithTheirFolderAndTheirAccount) {
  const auto a = account();
  ASSERT_TRUE(a->create_folder("one"));
  const FolderId one = fill(*a, "one"), inbox = fill(*a);
  (void)all(*a, one);
  (void)all(*a, inbox);
  pack();
  EXPECT_EQ(entries(), 10U);
  ASSERT_TRUE(a->delete_folder(one));
  EXPECT_EQ(entries(), 5U);
  ASSERT_TRUE(accounts_->remove(kOwner));
  EXPECT_EQ(entries(), 0U);
}

TEST_P(RowsPacked, ThatACrashLeftBehindArePruned) {
  const auto a = account();
  const FolderId inbox = fill(*a);
  (void)all(*a, inbox);
  pack();
  RowPacks packs(store_->keys());
  const std::vector<RowPacks::Pack> some{{0, RowChunk::pack(rows(*a, inbox, set({1, 2})), 1)}};
  ASSERT_TRUE(packs.write(kOwner, FolderId{99}, {.as_of = 1, .uid_validity = 1}, some, {}, true));
  ASSERT_TRUE(packs.write(AccountId{7777}, FolderId{1}, {.as_of = 1, .uid_validity = 1}, some, {}, true));
  EXPECT_EQ(entries(), 9U);
  ASSERT_TRUE(accounts_->prune({}));
  EXPECT_EQ(entries(), 5U);
}

TEST_P(RowsPacked, AreNotTakenForTrueWhenTheyAreOfALaterStateOrAnotherFolder) {
  FolderId inbox{};
  Modseq now = 0;
  {
    const auto a = account();
    inbox = fill(*a);
    (void)all(*a, inbox);
    now = a->modseq();
  }
  pack();
  mark(flag::kDraft);
  const auto good = **RowPacks::catalogue(**RowPacks(store_->keys()).snapshot(), kOwner, inbox);
  const auto set_catalogue = [&](RowPacks::Catalogue changed) {
    const NumberSet nothing = NumberSet::of(900, 900);  // that there is something to write
    ASSERT_TRUE(RowPacks(store_->keys()).write(kOwner, inbox, std::move(changed), {}, nothing, false));
    restart();
  };
  auto changed = good;
  changed.as_of = now + 1;
  set_catalogue(changed);
  EXPECT_EQ(with(flag::kDraft, all(*account(), inbox)), 0U);
  EXPECT_THAT(findings(), Contains(HasSubstr("list of packed rows is wrong")));
  changed = good;
  ++changed.uid_validity;
  set_catalogue(changed);
  EXPECT_EQ(with(flag::kDraft, all(*account(), inbox)), 0U);
  set_catalogue(good);
  EXPECT_EQ(with(flag::kDraft, all(*account(), inbox)), kMany);
}

TEST_P(RowsPacked, OfWhatWasChangedInMemoryAreRight) {
  std::mt19937 dice(9);
  const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(dice() % n); };
  FolderId inbox{};
  const auto change = [&](Account& a) {
    for (int i = 0; i < 12; ++i) {
      NumberSet uids = NumberSet::of(1 + below(kMany), kMany + 50);
      uids = uids.intersect(NumberSet::of(1, *uids.min() + below(60)));
      if (below(4) == 0) uids = NumberSet::of(below(4) * 1024 + 1, below(4) * 1024 + 4000);
      if (below(2) == 0) {
        const Uid first = below(4) * 1024 + below(8);  // at the beginning of a chunk
        ASSERT_TRUE(a.remove(inbox, NumberSet::of(first + 1, first + 1 + below(4))));
      }
      const Flags flags{static_cast<std::uint8_t>(below(32)),
                        *a.keyword_ids({"word" + std::to_string(below(9))}, true)};
      ASSERT_TRUE(a.store_flags(inbox, uids, static_cast<FlagChange>(below(3)), flags, std::nullopt));
      if (below(5) == 0) add(a, inbox, "new");
    }
  };
  inbox = fill(*account());
  for (int round = 0; round < 8; ++round) {
    change(*account());
    restart();
    (void)all(*account(), inbox);  // what has changed is read row by row, and wanted
    change(*account());            // in memory, too
    ASSERT_NO_FATAL_FAILURE(expect_same(all(*account(), inbox), truth(inbox)));
    pack();
    ASSERT_THAT(findings(), IsEmpty()) << round;
    restart();
    ASSERT_NO_FATAL_FAILURE(expect_same(all(*account(), inbox), truth(inbox)));
  }
}

// Every kind of change, in any order, with packing, restarts and forgetting in between: what is read is what is there.
TEST_P(RowsPacked, AreNeverAnythingElseThanTheRows) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 dice(seed);
    const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(dice() % n); };
    const AccountId owner{6000 + seed};
    auto a = account(owner);
    ASSERT_TRUE(a->create_folder("x"));
    const FolderId ids[] = {fill(*a), fill(*a, "x", 2'500)};
    for (int step = 0; step < 120; ++step) {
      const FolderId f = ids[below(2)], other = ids[below(2)];
      const Uid end = a->folder(f)->uid_next;
      NumberSet uids;
      const Uid first = 1 + below(end);
      uids.add(first, first + (below(3) == 0 ? below(300) : below(3)));
      if (below(4) == 0) uids.add(1 + below(end));
      switch (below(8)) {
        case 0:
          add(*a, f, "new", static_cast<std::uint8_t>(below(32)));
          break;
        case 1:
          ASSERT_TRUE(a->remove(f, uids));
          break;
        case 2:
          ASSERT_TRUE(a->move(f, uids, other));
          break;
        case 3:
          ASSERT_TRUE(a->copy(f, uids, other));
          break;
        case 4:
        case 5: {
          Flags flags{static_cast<std::uint8_t>(below(32)), {}};
          if (below(3) == 0) flags.keywords = *a->keyword_ids({"word" + std::to_string(below(3))}, true);
          ASSERT_TRUE(a->store_flags(f, uids, static_cast<FlagChange>(below(3)), flags, std::nullopt));
          break;
        }
        default:
          ASSERT_NO_FATAL_FAILURE(expect_same(all_at_once(*a, f), truth(f, owner))) << "step " << step;
          if (below(3) == 0) ASSERT_NO_FATAL_FAILURE(expect_same(all(*a, f), truth(f, owner))) << "step " << step;
      }
      if (below(4) == 0) pack();
      if (below(40) == 0) clock_.advance(hours(24 * 40));
      if (below(30) == 0) ASSERT_TRUE(accounts_->prune({}));
      if (below(20) == 0) ASSERT_THAT(findings(owner), IsEmpty());
      if (below(8) != 0) continue;
      a.reset();
      restart();
      a = account(owner);
    }
    for (const FolderId f : ids) ASSERT_NO_FATAL_FAILURE(expect_same(all(*a, f), truth(f, owner)));
    EXPECT_THAT(findings(owner), IsEmpty());
  }
}

TEST_P(RowsPacked, NotesAboutItemsAreFoundAgainAndGoWithTheItems) {
  {
    const auto a = account();
    (void)fill(*a, "INBOX", 10);
    EXPECT_EQ(a->notes(3, 0), std::nullopt);
    a->keep_notes(3, 0, "of the first");
    a->keep_notes(3, 0, "of the first again");
    a->keep_notes(4, 77, "of none");
    a->keep_notes(5, 0, std::string(store::kMaxValueOctets + 1, 'x'));
  }
  ASSERT_TRUE(accounts_->write_derived({}));
  restart();
  EXPECT_EQ(account()->notes(3, 0), "of the first again");
  EXPECT_EQ(account()->notes(4, 77), "of none");
  EXPECT_EQ(account()->notes(5, 0), std::nullopt);
  ASSERT_TRUE(accounts_->prune({}));
  EXPECT_EQ(account()->notes(3, 0), "of the first again");
  EXPECT_EQ(account()->notes(4, 77), std::nullopt);
  account()->keep_notes(3, 0, "too late");
  ASSERT_TRUE(accounts_->remove(kOwner));
  ASSERT_TRUE(accounts_->write_derived({}));
  EXPECT_EQ(account()->notes(3, 0), std::nullopt);
  EXPECT_EQ(entries(), 0U);
}

TEST_P(RowsPacked, NotesAreFoundBeforeTheyAreWritten) {
  const auto a = account();
  const auto some = [&](std::uint64_t first, std::uint64_t count) {
    std::string out;
    a->notes(3, first, count, [&](std::uint64_t block, std::string_view value) {
      out.append(std::to_string(block)).append("=").append(value).append(" ");
    });
    return out;
  };
  a->keep_notes(3, 1, "one");
  a->keep_notes(3, 5, "five");
  a->keep_notes(4, 2, "of another kind");
  ASSERT_TRUE(accounts_->write_derived({}));
  a->keep_notes(3, 2, "two");
  a->keep_notes(3, 5, "five again");
  EXPECT_EQ(a->notes(3, 2), "two");
  EXPECT_EQ(some(0, 10), "1=one 2=two 5=five again ");
  EXPECT_EQ(some(2, 3), "2=two ");
  a->change_notes(3, 1, [](std::string& value) { value += " more"; });
  a->change_notes(3, 7, [](std::string& value) { value += "new"; });
  EXPECT_EQ(some(0, 10), "1=one more 2=two 5=five again 7=new ");
  ASSERT_TRUE(accounts_->write_derived({}));
  EXPECT_EQ(some(0, 10), "1=one more 2=two 5=five again 7=new ");
}

TEST_P(RowsPacked, TheSecretOfNotesStays) {
  const auto first = accounts_->note_secret(random_);
  ASSERT_TRUE(first);
  restart();
  EXPECT_EQ(*accounts_->note_secret(random_), *first);
}

TEST_P(RowsPacked, AreRightAfterARestore) {
  if (std::string_view(GetParam()) == "memory") GTEST_SKIP() << "has no backups";
  FreshDirectory backups;
  const fs::path backup = backups.path() / "backup";
  FolderId inbox{};
  {
    const auto a = account();
    inbox = fill(*a);
    (void)all(*a, inbox);
    pack();
    ASSERT_TRUE(a->store_flags(inbox, set({5}), FlagChange::add, Flags{flag::kFlagged, {}}, std::nullopt));
    ASSERT_TRUE(store_->backup(backup, {}));
    ASSERT_TRUE(a->store_flags(inbox, set({2000}), FlagChange::add, Flags{flag::kSeen, {}}, std::nullopt));
    (void)all(*a, inbox);
    pack();
  }
  accounts_.reset();
  store_.reset();
  for (const auto& entry : fs::directory_iterator(directory_.path())) fs::remove_all(entry.path());
  fs::copy(backup, directory_.path(), fs::copy_options::recursive);
  clock_.advance(hours(30));
  open_store();
  mark(flag::kDraft);
  const auto a = account();
  const auto restored = all(*a, inbox);
  EXPECT_EQ(with(flag::kSeen, restored), 0U);
  EXPECT_EQ(with(flag::kFlagged, restored), 1U);
  EXPECT_EQ(with(flag::kDraft, restored), kMany - 1);
}

}  // namespace
}  // namespace gatepost::account
