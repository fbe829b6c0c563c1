#include "imap/server/sort_order.hpp"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace gatepost::imap::server {
namespace {

account::Row row(account::Uid uid, std::uint64_t octets, std::int64_t received) {
  account::Row out;
  out.uid = uid;
  out.item = account::ItemId{uid};
  out.octets = octets;
  out.received = TimePoint(std::chrono::seconds(received));
  return out;
}

std::vector<account::Uid> sorted(std::span<const SortCriterion> criteria, const std::vector<account::Row>& rows) {
  SortOrder order(criteria);
  for (const account::Row& r : rows) EXPECT_TRUE(order.add(r, nullptr));
  return order.finish();
}

// Few messages and many, all alike, some alike and none alike, short keys and long ones.
TEST(SortOrder, IsThatOfAStableSortHoweverManyAreAlike) {
  std::mt19937 dice(3);
  for (const std::size_t count : {std::size_t{1}, std::size_t{300}, std::size_t{600}, std::size_t{9'000}}) {
    for (const std::uint32_t kinds : {1U, 7U, 2'000U, 1U << 31}) {
      for (const bool reverse : {false, true}) {
        const SortCriterion long_key[] = {
            {SortKey::size, reverse}, {SortKey::arrival, false}, {SortKey::size, !reverse}};
        const SortCriterion short_key[] = {{SortKey::arrival, reverse}};
        std::vector<account::Row> rows;
        for (account::Uid uid = 1; uid <= count; ++uid)
          rows.push_back(row(uid, dice() % kinds, static_cast<std::int64_t>(dice() % kinds) - 5));
        auto by_time = rows, by_size = rows;
        std::ranges::sort(by_time, [&](const account::Row& a, const account::Row& b) {
          if (a.received != b.received) return reverse ? a.received > b.received : a.received < b.received;
          return a.uid < b.uid;
        });
        std::ranges::sort(by_size, [&](const account::Row& a, const account::Row& b) {
          if (a.octets != b.octets) return reverse ? a.octets > b.octets : a.octets < b.octets;
          return a.received != b.received ? a.received < b.received : a.uid < b.uid;
        });
        const auto uids = [](const std::vector<account::Row>& all) {
          std::vector<account::Uid> out;
          for (const account::Row& r : all) out.push_back(r.uid);
          return out;
        };
        ASSERT_EQ(sorted(short_key, rows), uids(by_time)) << count << " of " << kinds;
        ASSERT_EQ(sorted(long_key, rows), uids(by_size)) << count << " of " << kinds;
      }
    }
  }
}

}  // namespace
}  // namespace gatepost::imap::server
