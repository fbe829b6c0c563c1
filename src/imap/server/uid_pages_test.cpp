#include "imap/server/uid_pages.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace gatepost::imap::server {
namespace {

std::uint32_t g_seed = 9;
std::uint32_t random(std::uint32_t n) { return (g_seed = g_seed * 1664525 + 1013904223) / 65536 % n; }

NumberSet random_set(std::uint32_t most) {
  NumberSet out;
  for (std::uint32_t n = random(8); n > 0; --n) {
    const std::uint32_t first = 1 + random(most);
    out.add(first, first + random(5));
  }
  return out;
}

std::vector<std::uint32_t> list(const NumberSet& set) {
  std::vector<std::uint32_t> out;
  set.for_each([&](std::uint32_t n) { out.push_back(n); });
  return out;
}

TEST(ImapUidPages, CutsASetFromEitherEnd) {
  for (int round = 0; round < 2'000; ++round) {
    const NumberSet set = random_set(40);
    for (const bool from_end : {false, true}) {
      UidPages pages(set, from_end);
      NumberSet seen;
      while (!pages.at_end()) {
        const std::size_t count = 1 + random(4);
        const NumberSet page = pages.take(count);
        ASSERT_LE(page.size(), count);
        ASSERT_GE(page.size(), 1);
        ASSERT_TRUE(seen.intersect(page).empty());
        seen.add(page);
        const NumberSet rest = set.minus(seen);
        for (std::uint32_t n = 1; n < 50; ++n) {
          if (!from_end) ASSERT_EQ(pages.passed_all_up_to(n), rest.empty() || *rest.min() > n);
          if (from_end) ASSERT_EQ(pages.passed_all_from(n), rest.empty() || *rest.max() < n);
        }
      }
      ASSERT_EQ(seen, set);
      ASSERT_TRUE(pages.take(3).empty());
    }
  }
}

TEST(ImapUidPages, KnowsPositionsAsRankDoes) {
  for (int round = 0; round < 2'000; ++round) {
    const NumberSet set = random_set(60);
    Ranks ranks(set);
    for (std::uint32_t n = 1; n < 70; n += 1 + random(3)) ASSERT_EQ(ranks.of(n), set.rank(n));
  }
}

TEST(ImapUidPages, TurnsPositionsIntoNumbersAndBack) {
  for (int round = 0; round < 5'000; ++round) {
    const NumberSet set = random_set(40), positions = random_set(30);
    NumberSet numbers, there;
    for (const std::uint32_t p : list(positions)) {
      const auto n = set.select(p);
      if (!n) continue;
      numbers.add(*n);
      there.add(p);
    }
    ASSERT_EQ(at_positions(set, positions), numbers) << set.to_string() << " at " << positions.to_string();
    ASSERT_EQ(positions_of(set, numbers), there);
  }
}

TEST(ImapUidPages, ReachesTheLargestNumber) {
  NumberSet set = NumberSet::of(0xfffffffe, 0xffffffff);
  UidPages pages(set);
  EXPECT_EQ(list(pages.take(1)), std::vector<std::uint32_t>{0xfffffffe});
  EXPECT_EQ(list(pages.take(5)), std::vector<std::uint32_t>{0xffffffff});
  EXPECT_TRUE(pages.at_end());
}

}  // namespace
}  // namespace gatepost::imap::server
