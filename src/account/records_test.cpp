#include "account/records.hpp"

#include <gmock/gmock.h>

#include "base/bytes.hpp"

namespace gatepost::account::records {
namespace {

TEST(AccountRecords, ReadBackWhatWasWritten) {
  FolderRecord f;
  f.id = FolderId{9};
  f.parent = FolderId{3};
  f.name = "Ümläut";
  f.role = Role::important;
  f.dying = true;
  f.uid_validity = 0xffffffff;
  f.octets = std::uint64_t{1} << 50;
  f.vanished = 77;
  const auto folder = decode_folder(f.id, encode(f));
  ASSERT_TRUE(folder);
  EXPECT_EQ(encode(*folder), encode(f));

  Row row;
  row.uid = 4'000'000'000;
  row.item = ItemId{123456789};
  row.flags = {31, {0, 7, 999}};
  row.modseq = 42;
  row.received = TimePoint(std::chrono::seconds(-86'400));  // mail from before 1970 is odd, but stays as it is
  row.saved = TimePoint(std::chrono::seconds(1'800'000'000));
  const auto again = decode_row(row.uid, encode(row));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->flags, row.flags);
  EXPECT_EQ(again->received, row.received);
  EXPECT_EQ(encode(*again), encode(row));

  ItemRecord item;
  item.body.size = 99;
  item.body.sha256[31] = 5;
  item.summary = std::string("a\0b", 3);
  EXPECT_EQ(decode_item(encode(item))->summary, item.summary);

  std::string log;
  begin_log(log, 1'800'000'000);
  put(log, {LogEntry::What::item_moved, 5, FolderId{2}});
  put(log, {LogEntry::What::folder_updated, 2, kRoot});
  const auto read = decode_log(log);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->entries.size(), 2U);
  EXPECT_EQ(read->entries[0].folder, FolderId{2});
  EXPECT_EQ(read->entries[1].what, LogEntry::What::folder_updated);
}

TEST(AccountRecords, RefuseTimesThatTheClockDoesNotHave) {
  const auto row = [](std::uint64_t received) {
    std::string out = "\1\1\1\1\3";
    put_varint(out, received);
    return out + "\2" + std::string(1, '\0');
  };
  EXPECT_TRUE(decode_row(9, row(2 * 9'223'372'036U)));
  EXPECT_EQ(decode_row(9, row(2 * 9'223'372'037U)).error().code, Errc::corrupt);
  EXPECT_EQ(decode_row(9, row(2 * 250'000'000'000U)).error().code, Errc::corrupt);
}

TEST(AccountRecords, SayWhenAMessageWasSentWhereThatIsKnown) {
  Row row;
  row.uid = 1;
  row.item = row.thread = ItemId{7};
  row.received = TimePoint(std::chrono::seconds(1'800'000'000));
  EXPECT_FALSE(decode_row(1, encode(row))->sent);
  for (const std::int64_t sent : {1'800'000'000L, 1'799'999'990L, 0L, -2'000'000'000L, 200'000'000'000L}) {
    row.sent = sent;
    EXPECT_EQ(encode(row)[0], 3);
    const auto again = decode_row(1, encode(row));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->sent, row.sent);
    EXPECT_EQ(again->thread, row.item);
    EXPECT_EQ(again->received, row.received);
  }
  row.thread = ItemId{3};
  EXPECT_EQ(decode_row(1, encode(row))->thread, row.thread);
  EXPECT_EQ(decode_row(1, encode(row))->sent, row.sent);
  for (std::size_t cut = 0; cut < encode(row).size(); ++cut) EXPECT_FALSE(decode_row(1, encode(row).substr(0, cut)));
}

TEST(AccountRecords, SayTheConversationOnlyOfWhatDidNotBeginIt) {
  Row row;
  row.uid = 1;
  row.item = row.thread = ItemId{7};
  EXPECT_EQ(encode(row)[0], 1);  // as older programs read it
  EXPECT_EQ(decode_row(1, encode(row))->thread, row.item);
  row.thread = ItemId{3};
  EXPECT_EQ(decode_row(1, encode(row))->thread, row.thread);
  for (std::size_t cut = 0; cut < encode(row).size(); ++cut) EXPECT_FALSE(decode_row(1, encode(row).substr(0, cut)));
  ItemRecord item;
  EXPECT_EQ(encode(item)[0], 1);
  item.thread = row.thread;
  EXPECT_EQ(decode_item(encode(item))->thread, row.thread);
  std::string log;
  begin_log(log, 5);
  put(log, {LogEntry::What::item_created, 7, FolderId{1}, ItemId{7}});
  EXPECT_EQ(log[0], 1);
  put(log, {LogEntry::What::item_created, 8, FolderId{1}, ItemId{7}});
  put(log, {LogEntry::What::folder_updated, 1});
  const auto entries = decode_log(log)->entries;
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].thread, ItemId{7});
  EXPECT_EQ(entries[1].thread, ItemId{7});
  EXPECT_EQ(entries[2].what, LogEntry::What::folder_updated);
  const ThreadMark mark{ItemId{9}, 1'800'000'000};
  EXPECT_EQ(decode_thread_mark(encode(mark))->thread, mark.thread);
  EXPECT_FALSE(decode_thread_mark(encode(mark).substr(0, 3)));
}

TEST(AccountRecords, SayWhichEmailItIsOnlyOfCopies) {
  Row row;
  row.uid = 1;
  row.item = row.thread = row.email = ItemId{7};
  EXPECT_EQ(encode(row)[0], 1);
  EXPECT_EQ(decode_row(1, encode(row))->email, row.item);
  row.email = ItemId{5};
  for (const ItemId thread : {row.item, ItemId{3}}) {
    row.thread = thread;
    for (const std::optional<std::int64_t> sent : {std::optional<std::int64_t>(), std::optional(1'800'000'000L)}) {
      row.sent = sent;
      const auto again = decode_row(1, encode(row));
      ASSERT_TRUE(again);
      EXPECT_EQ(again->email, row.email);
      EXPECT_EQ(again->thread, row.thread);
      EXPECT_EQ(again->sent, row.sent);
    }
  }
  ItemRecord item;
  item.email = row.email;
  EXPECT_EQ(decode_item(encode(item))->email, row.email);
  EXPECT_EQ(decode_item(encode(item))->thread, ItemId{});
  for (std::size_t cut = 0; cut < encode(item).size(); ++cut) EXPECT_FALSE(decode_item(encode(item).substr(0, cut)));
  std::string log;
  begin_log(log, 5);
  put(log, {LogEntry::What::item_created, 7, FolderId{1}, ItemId{7}, ItemId{7}});
  EXPECT_EQ(log[0], 1);
  put(log, {LogEntry::What::item_created, 8, FolderId{1}, ItemId{7}, ItemId{7}});
  put(log, {LogEntry::What::item_seen, 8, FolderId{1}, ItemId{8}, ItemId{7}, 12});
  const auto entries = decode_log(log)->entries;
  ASSERT_EQ(entries.size(), 3U);
  for (const LogEntry& entry : entries) EXPECT_EQ(entry.email, ItemId{7});
  EXPECT_EQ(entries[2].thread, ItemId{8});
  EXPECT_EQ(entries[2].reader, 12U);
  EXPECT_EQ(decode_in_thread(ItemId{8}, encode_in_thread(ItemId{8}, ItemId{7})), ItemId{7});
  EXPECT_EQ(encode_in_thread(ItemId{8}, ItemId{8}), encode_empty());
  EXPECT_EQ(decode_in_thread(ItemId{8}, encode_empty()), ItemId{8});
  State state;
  state.copies = 3;
  state.copies_until = 1'000;
  EXPECT_EQ(decode_state(encode(state))->copies, 3U);
  state.copies = 0;
  EXPECT_EQ(decode_state(encode(state))->copies_until, 1'000U);
}

TEST(AccountRecords, SayWhatARestoreLeftBehindAndNothingOfItBefore) {
  State state;
  state.log_floor = 7;
  EXPECT_EQ(encode(state)[0], 1);  // as older programs read it
  state.restored = 1'800'000'000;
  state.lost = {{5, 9}, {11, std::uint64_t{1} << 60}};
  const auto again = decode_state(encode(state));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->restored, state.restored);
  ASSERT_EQ(again->lost.size(), 2U);
  EXPECT_EQ(again->lost[1].last, std::uint64_t{1} << 60);
  EXPECT_EQ(encode(*again), encode(state));

  FolderRecord f;
  f.name = "x";
  EXPECT_EQ(encode(f)[0], 1);
  f.gaps.add(100, 5'000'000);
  f.gaps.add(6'000'000, 4'000'000'000);
  EXPECT_EQ(decode_folder(f.id, encode(f))->gaps, f.gaps);
  for (std::size_t cut = 0; cut < encode(f).size(); ++cut) EXPECT_FALSE(decode_folder(f.id, encode(f).substr(0, cut)));
  for (std::size_t cut = 0; cut < encode(state).size(); ++cut) EXPECT_FALSE(decode_state(encode(state).substr(0, cut)));
  std::string later = encode(state);
  later[0] = 4;
  EXPECT_EQ(decode_state(later).error().code, Errc::unsupported);
}

TEST(AccountRecords, KeepRightsAndAnnotations) {
  const Grants grants{{"#1024", 0x7ff, false}, {"anyone", 1, true}};
  EXPECT_EQ(*decode_grants(encode(grants)), grants);
  EXPECT_EQ(decode_grants(encode(grants) + "x").error().code, Errc::corrupt);
  EXPECT_EQ(decode_grants(encode(grants).substr(0, 9)).error().code, Errc::corrupt);
  EXPECT_EQ(decode_grants("").error().code, Errc::corrupt);
  EXPECT_EQ(*decode_octets(encode_octets(1U << 30)), 1U << 30);
  FolderId folder{};
  Reader reader = 0;
  std::string_view name;
  const std::string key = annotation_key(FolderId{7}, 1024, "/comment");
  ASSERT_TRUE(parse_annotation_key(key, folder, reader, name));
  EXPECT_EQ(folder, FolderId{7});
  EXPECT_EQ(reader, 1024U);
  EXPECT_EQ(name, "/comment");
  EXPECT_FALSE(parse_annotation_key(annotation_prefix(FolderId{7}, 1024), folder, reader, name));
  ASSERT_TRUE(parse_grants_key(grants_key(kRoot), folder));
  EXPECT_EQ(folder, kRoot);
}

TEST(AccountRecords, AreSmallForAnOrdinaryMessage) {
  Row row;
  row.item = ItemId{100'000};
  row.modseq = 200'000;
  row.octets = 40'000;
  row.received = row.saved = TimePoint(std::chrono::seconds(1'800'000'000));
  EXPECT_LE(encode(row).size(), 24U);
}

TEST(AccountRecords, RefuseEveryTruncationAndLaterFormats) {
  FolderRecord f;
  f.name = "x";
  Row row;
  row.flags.keywords = {1, 2};
  const std::string folder = encode(f), line = encode(row), item = encode(ItemRecord{}), state = encode(State{});
  for (std::size_t n = 0; n < folder.size(); ++n) EXPECT_FALSE(decode_folder(FolderId{1}, folder.substr(0, n)));
  for (std::size_t n = 0; n < line.size(); ++n) EXPECT_FALSE(decode_row(1, line.substr(0, n)));
  for (std::size_t n = 0; n < item.size(); ++n) EXPECT_FALSE(decode_item(item.substr(0, n)));
  for (std::size_t n = 0; n < state.size(); ++n) EXPECT_FALSE(decode_state(state.substr(0, n)));
  EXPECT_EQ(decode_row(1, "\x05").error().code, Errc::unsupported);
}

TEST(AccountRecords, SortByFolderThenModseqThenUid) {
  EXPECT_LT(changed_key(FolderId{1}, 255, 9), changed_key(FolderId{1}, 256, 1));
  EXPECT_LT(changed_set_key(FolderId{1}, 255, 9), changed_set_key(FolderId{1}, 256, 0));
  EXPECT_LT(changed_key(FolderId{1}, ~Modseq{0}, 9), changed_key(FolderId{2}, 0, 1));
  FolderId folder{};
  Modseq modseq = 0;
  Uid uid = 0;
  ASSERT_TRUE(parse_index_key(vanished_key(FolderId{7}, 8, 9), folder, modseq, uid));
  EXPECT_EQ(folder, FolderId{7});
  EXPECT_EQ(modseq, 8U);
  EXPECT_EQ(uid, 9U);
  EXPECT_FALSE(parse_row_key(vanished_key(FolderId{7}, 8, 9), folder, uid));
}

TEST(AccountRecords, KeepDeliveryIdsApart) {
  EXPECT_NE(delivery_key("a"), delivery_key("b"));
  EXPECT_LE(delivery_key(std::string(5'000, 'a')).size(), 34U);
  EXPECT_NE(delivery_key(std::string(5'000, 'a')), delivery_key(std::string(5'000, 'b')));
}

}  // namespace
}  // namespace gatepost::account::records
