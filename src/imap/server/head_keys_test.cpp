#include "imap/server/head_keys.hpp"

#include <map>

#include <gmock/gmock.h>

#include "imap/server/test_account.hpp"

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

// An account that has nothing but notes.
class Notes final : public test::BodyAccount {
 public:
  Notes() : BodyAccount("") {}
  std::optional<std::string> notes(std::uint8_t kind, std::uint64_t block) override {
    ++asked;
    const auto found = kept.find({kind, block});
    return found == kept.end() ? std::nullopt : std::optional(found->second);
  }
  void keep_notes(std::uint8_t kind, std::uint64_t block, std::string value) override {
    kept[{kind, block}] = std::move(value);
  }
  std::map<std::pair<std::uint8_t, std::uint64_t>, std::string> kept;
  int asked = 0;
};

constexpr SipKey kSecret{1, 2};

void know(HeadKeys& keys, Notes& notes, Kind kind, std::uint64_t from, std::uint64_t count) {
  KeyColumn column(keys, notes, kind);
  for (std::uint64_t item = from; item < from + count; ++item) column.add(ItemId{item}, std::to_string(item));
  column.keep();
}

TEST(HeadKeys, AreFoundAgainByTheNextProcess) {
  Notes notes;
  HeadKeys first(HeadKeys::kMaxOctets, kSecret);
  know(first, notes, Kind::subject, 100, 600);
  EXPECT_EQ(notes.kept.size(), 3U);
  HeadKeys second(HeadKeys::kMaxOctets, kSecret);
  KeyColumn column(second, notes, Kind::subject);
  for (std::uint64_t item = 100; item < 700; ++item)
    ASSERT_THAT(column.find(ItemId{item}), Optional(std::string_view(std::to_string(item))));
  EXPECT_FALSE(column.find(ItemId{99}));
  EXPECT_FALSE(column.find(ItemId{700}));
  EXPECT_FALSE(KeyColumn(second, notes, Kind::from).find(ItemId{100}));
  // From memory the second time.
  const int asked = notes.asked;
  EXPECT_TRUE(KeyColumn(second, notes, Kind::subject).find(ItemId{100}));
  EXPECT_EQ(notes.asked, asked);
}

TEST(HeadKeys, AreNotedWhenManyHaveCome) {
  Notes notes;
  HeadKeys keys(HeadKeys::kMaxOctets, kSecret);
  know(keys, notes, Kind::subject, 0, 60);
  EXPECT_TRUE(notes.kept.empty());
  know(keys, notes, Kind::subject, 60, 10);
  EXPECT_EQ(notes.kept.size(), 1U);
  notes.kept.clear();
  know(keys, notes, Kind::subject, 70, 10);
  EXPECT_TRUE(notes.kept.empty());
}

TEST(HeadKeys, OfOtherSecretsAndDamagedOnesAreNotUsed) {
  Notes notes;
  HeadKeys first(HeadKeys::kMaxOctets, kSecret);
  know(first, notes, Kind::subject, 0, 256);
  HeadKeys other(HeadKeys::kMaxOctets, SipKey{1, 3});
  EXPECT_FALSE(KeyColumn(other, notes, Kind::subject).find(ItemId{5}));
  std::string& note = notes.kept.begin()->second;
  const std::string good = note;
  for (std::size_t cut = 0; cut < good.size(); cut += 7) {
    note = good.substr(0, cut);
    HeadKeys second(HeadKeys::kMaxOctets, kSecret);
    KeyColumn column(second, notes, Kind::subject);
    if (const auto found = column.find(ItemId{5})) EXPECT_EQ(*found, "5");
  }
  // What threads are made of is taken apart without looking.
  notes.kept[{static_cast<std::uint8_t>(Kind::thread), 0}] = good;
  HeadKeys second(HeadKeys::kMaxOctets, kSecret);
  EXPECT_FALSE(KeyColumn(second, notes, Kind::thread).find(ItemId{5}));
}

}  // namespace
}  // namespace gatepost::imap::server
