#include "imap/server/head_keys.hpp"

#include <gmock/gmock.h>

namespace gatepost::imap::server {
namespace {

using account::AccountId;
using account::ItemId;
using Kind = HeadKeys::Kind;
using testing::Optional;

constexpr AccountId kOwner{2'000};

TEST(HeadKeys, AreKnownOnceTheyWereTold) {
  HeadKeys keys;
  KeyColumn subjects(keys, kOwner, Kind::subject);
  EXPECT_EQ(subjects.find(ItemId{5}), std::nullopt);
  subjects.add(ItemId{5}, "FIVE");
  subjects.add(ItemId{6}, "");
  subjects.add(ItemId{5'000}, std::string(300, 'x'));
  subjects.keep();
  KeyColumn again(keys, kOwner, Kind::subject);
  EXPECT_THAT(again.find(ItemId{5'000}), Optional(std::string(300, 'x')));
  EXPECT_THAT(again.find(ItemId{5}), Optional(std::string_view("FIVE")));
  EXPECT_THAT(again.find(ItemId{6}), Optional(std::string_view()));
  EXPECT_EQ(again.find(ItemId{7}), std::nullopt);
  EXPECT_EQ(KeyColumn(keys, AccountId{2'001}, Kind::subject).find(ItemId{5}), std::nullopt);
  EXPECT_EQ(KeyColumn(keys, kOwner, Kind::from).find(ItemId{5}), std::nullopt);
}

TEST(HeadKeys, JoinWhatIsKnownOfTheirBlock) {
  HeadKeys keys;
  for (std::uint64_t item = 0; item < 3'000; ++item) {
    KeyColumn column(keys, kOwner, Kind::thread);
    column.add(ItemId{item}, std::to_string(item));
    if (item > 0) column.add(ItemId{item - 1}, "another one");
    column.keep();
  }
  KeyColumn column(keys, kOwner, Kind::thread);
  for (std::uint64_t item = 0; item < 3'000; ++item) {
    ASSERT_THAT(column.find(ItemId{item}), Optional(std::string_view(std::to_string(item))));
  }
}

TEST(HeadKeys, TakeNoMoreThanTheirRoom) {
  HeadKeys keys(100'000);
  for (std::uint64_t block = 0; block < 1'000; ++block) {
    KeyColumn column(keys, kOwner, Kind::from);
    column.add(ItemId{block * 1'024}, "somebody");
    column.keep();
    ASSERT_LE(keys.octets(), 100'000U);
    // What is asked for stays.
    ASSERT_TRUE(KeyColumn(keys, kOwner, Kind::from).find(ItemId{0})) << block;
  }
  EXPECT_FALSE(KeyColumn(keys, kOwner, Kind::from).find(ItemId{1'024}));
  EXPECT_TRUE(KeyColumn(keys, kOwner, Kind::from).find(ItemId{999 * 1'024}));
}

TEST(HeadKeys, LeaveOutWhatIsTooLong) {
  HeadKeys keys;
  KeyColumn column(keys, kOwner, Kind::thread);
  column.add(ItemId{1}, std::string(HeadKeys::kMaxKeyOctets + 1, 'x'));
  column.add(ItemId{2}, std::string(HeadKeys::kMaxKeyOctets, 'y'));
  column.keep();
  KeyColumn again(keys, kOwner, Kind::thread);
  EXPECT_FALSE(again.find(ItemId{1}));
  EXPECT_TRUE(again.find(ItemId{2}));
}

}  // namespace
}  // namespace gatepost::imap::server
