#include "account/seen_marks.hpp"

#include <random>

#include <gmock/gmock.h>

#include "base/bytes.hpp"

namespace gatepost::account {
namespace {

using records::kChunkUids;

TEST(SeenMarks, ReadBackWhatWasWritten) {
  SeenMarks marks(3);
  const Uid first = 3 * kChunkUids;
  for (Uid uid = first; uid < first + 100; ++uid) marks.mark(uid, true, 50);
  marks.mark(first + 40, false, 51);
  marks.mark(first + kChunkUids - 1, true, 7);
  marks.forget(first + 3);
  const auto again = SeenMarks::decode(3, marks.encode());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->encode(), marks.encode());
  EXPECT_EQ(again->count(), 99U);
  EXPECT_EQ(again->newest(), 51U);
  EXPECT_TRUE(again->seen(first));
  EXPECT_FALSE(again->seen(first + 40));
  EXPECT_EQ(again->modseq(first + 40), 51U);
  EXPECT_EQ(again->modseq(first + 3), 0U);
  EXPECT_EQ(again->changed(7, 50).size(), 98U);
  EXPECT_EQ(again->changed(50, 60), NumberSet::of(first + 40, first + 40));
}

TEST(SeenMarks, AreSmallWhereAllIsRead) {
  SeenMarks marks(0);
  for (Uid uid = 1; uid < kChunkUids; ++uid) marks.mark(uid, true, 1'000'000);
  EXPECT_LE(marks.encode().size(), 16U);
  // The most there can be: each message read at a time of its own.
  for (Uid uid = 1; uid < kChunkUids; ++uid) marks.mark(uid, uid % 2 == 0, 1'000'000 + uid * 1'000);
  EXPECT_LE(marks.encode().size(), 6'000U);
}

TEST(SeenMarks, RefuseWhatNobodyWrote) {
  const auto value = [](std::initializer_list<std::uint64_t> numbers) {
    std::string out(1, '\1');
    for (const std::uint64_t n : numbers) put_varint(out, n);
    return out;
  };
  EXPECT_TRUE(SeenMarks::decode(0, value({9, 1, 1, 0})));
  for (const auto& bad : {
           value({9}),                           // nothing was ever touched
           value({9, 0, 1, 0}),                  // UID 0
           value({9, 1, 1, 9}),                  // modseq 0
           value({9, 1, 1, 10}),                 // before the first
           value({9, 1, 1, 3}),                  // the newest is nobody's
           value({9, 1, 1}),                     // cut short
           value({9, 1, 2 * kChunkUids, 0}),     // beyond the chunk
           value({9, 2 * kChunkUids, 1, 0}),     // beyond the chunk
           value({9, 1, ~std::uint64_t{0}, 0}),  // far beyond
           value({9, ~std::uint64_t{0}, 1, 0}),  // far beyond
           std::string(),                        // no format
           std::string("\1\xff"),                // half a number
       }) {
    const auto read = SeenMarks::decode(0, bad);
    ASSERT_FALSE(read) << bad.size();
    EXPECT_EQ(read.error().code, Errc::corrupt);
  }
  EXPECT_EQ(SeenMarks::decode(0, "\x09").error().code, Errc::unsupported);
}

// Whatever octets there are: no crash, and what is read is written the same way again.
TEST(SeenMarks, TakeAnyOctets) {
  std::mt19937 dice(4);
  std::size_t read = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string value(1, '\1');
    put_varint(value, 1 + dice() % 5);
    for (auto left = dice() % 9; left > 0; --left) value.push_back(static_cast<char>(dice() % 6));
    if (i % 10 == 0) value[dice() % value.size()] = static_cast<char>(dice());
    const auto chunk = static_cast<std::uint32_t>(dice() % 2);
    const auto marks = SeenMarks::decode(chunk, value);
    if (!marks) continue;
    ++read;
    const auto again = SeenMarks::decode(chunk, marks->encode());
    ASSERT_TRUE(again);
    ASSERT_EQ(again->encode(), marks->encode());
    ASSERT_EQ(again->seen_uids(), marks->seen_uids());
  }
  EXPECT_GT(read, 1'000U);
}

TEST(SeenMarks, LieOverRowsOfTheirChunk) {
  SeenMarks marks(0);
  marks.mark(5, true, 20);
  Row row;
  row.uid = 5;
  row.modseq = 12;
  row.flags.system = flag::kFlagged;
  marks.show(row);
  EXPECT_EQ(row.flags.system, flag::kFlagged | flag::kSeen);
  EXPECT_EQ(row.modseq, 20U);
  row.uid = 6;
  marks.show(row);
  EXPECT_EQ(row.flags.system, flag::kFlagged);
  EXPECT_EQ(row.modseq, 20U);
}

TEST(SeenRecords, ReadBackAndRefuse) {
  const records::OwnSeen own{true, 77};
  EXPECT_EQ(*records::decode_own_seen(records::encode(own)), own);
  EXPECT_FALSE(records::decode_own_seen(records::encode(records::OwnSeen{true, 0})));
  EXPECT_FALSE(records::decode_own_seen("\1\2\1"));
  const records::SeenTotals totals{12, 99};
  EXPECT_EQ(*records::decode_seen_totals(records::encode(totals)), totals);
  EXPECT_FALSE(records::decode_seen_totals("\1\1"));

  FolderId folder{};
  Reader reader = 0;
  Modseq modseq = 0;
  std::uint32_t chunk = 0;
  EXPECT_TRUE(records::parse_seen_marks_key(records::seen_marks_key(FolderId{4}, 9, 2), folder, reader, chunk));
  EXPECT_EQ(std::tuple(folder, reader, chunk), std::tuple(FolderId{4}, Reader{9}, 2U));
  EXPECT_TRUE(
      records::parse_seen_changed_key(records::seen_changed_key(FolderId{5}, 8, 70, 3), folder, reader, modseq, chunk));
  EXPECT_EQ(std::tuple(folder, reader, modseq, chunk), std::tuple(FolderId{5}, Reader{8}, Modseq{70}, 3U));
  EXPECT_TRUE(records::parse_seen_totals_key(records::seen_totals_key(FolderId{6}, 7), folder, reader));
  EXPECT_FALSE(records::parse_seen_totals_key(records::seen_totals_key(FolderId{6}, kEverybody), folder, reader));
  EXPECT_FALSE(records::parse_seen_marks_key(records::seen_marks_key(FolderId{4}, 9, ~0U), folder, reader, chunk));
}

TEST(SeenRecords, AreInTheChangeLogWithTheReader) {
  std::string log;
  records::begin_log(log, 1'800'000'000);
  EXPECT_EQ(log[0], 1);
  records::put(log, {records::LogEntry::What::item_seen, 5, FolderId{2}, ItemId{4}, ItemId{5}, 4711});
  records::put(log, {records::LogEntry::What::item_moved, 6, FolderId{3}, ItemId{1}});
  EXPECT_EQ(log[0], 3);  // an older program says that it is too new for it
  const auto read = records::decode_log(log);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->entries.size(), 2U);
  EXPECT_EQ(read->entries[0].reader, 4711U);
  EXPECT_EQ(read->entries[0].folder, FolderId{2});
  EXPECT_EQ(read->entries[0].thread, ItemId{4});
  EXPECT_EQ(read->entries[1].thread, ItemId{1});
}

}  // namespace
}  // namespace gatepost::account
