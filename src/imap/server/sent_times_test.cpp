#include "imap/server/sent_times.hpp"

#include <gmock/gmock.h>

namespace gatepost::imap::server {
namespace {

using account::AccountId;
using account::ItemId;
using testing::ElementsAre;

std::vector<account::Row> rows(std::initializer_list<std::uint64_t> items) {
  std::vector<account::Row> out;
  for (const std::uint64_t item : items) out.emplace_back().item = ItemId{item};
  return out;
}

TEST(SentTimes, AreKnownOnceTheyWereTold) {
  SentTimes times;
  const std::pair<ItemId, std::int64_t> some[] = {{ItemId{5}, -7}, {ItemId{5'000}, 8}};
  times.keep(AccountId{2'000}, some);
  EXPECT_THAT(times.find(AccountId{2'000}, rows({5'000, 5, 6})), ElementsAre(8, -7, SentTimes::kUnknown));
  EXPECT_THAT(times.find(AccountId{2'001}, rows({5})), ElementsAre(SentTimes::kUnknown));
}

TEST(SentTimes, TakeNoMoreThanTheirRoom) {
  SentTimes times;
  for (std::uint64_t block = 0; block < 10'000; ++block) {
    const std::pair<ItemId, std::int64_t> one[] = {{ItemId{block * 1'024}, 1}};
    times.keep(AccountId{2'000}, one);
    // What is asked for stays.
    ASSERT_EQ(times.find(AccountId{2'000}, rows({0})).front(), 1) << block;
  }
  EXPECT_EQ(times.find(AccountId{2'000}, rows({1'024})).front(), SentTimes::kUnknown);
  EXPECT_EQ(times.find(AccountId{2'000}, rows({9'999 * 1'024})).front(), 1);
}

}  // namespace
}  // namespace gatepost::imap::server
