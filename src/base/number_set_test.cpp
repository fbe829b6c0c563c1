#include "base/number_set.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace gatepost {
namespace {

constexpr std::uint32_t kTop = 0xffffffff;

// Compares every question the set answers with what a std::set says.
void expect_same(const NumberSet& set, const std::set<std::uint32_t>& oracle) {
  ASSERT_EQ(set.size(), oracle.size());
  ASSERT_EQ(set.empty(), oracle.empty());
  std::vector<std::uint32_t> seen;
  set.for_each([&](std::uint32_t n) { seen.push_back(n); });
  ASSERT_TRUE(std::equal(seen.begin(), seen.end(), oracle.begin(), oracle.end()));
  for (std::size_t i = 1; i < set.ranges().size(); ++i) {
    ASSERT_LT(std::uint64_t{set.ranges()[i - 1].last} + 1, set.ranges()[i].first);
  }
  std::uint32_t position = 0;
  for (std::uint32_t n : oracle) {
    ++position;
    ASSERT_EQ(set.rank(n), position);
    ASSERT_EQ(set.select(position), n);
    ASSERT_EQ(set.count_below(n), position - 1);
  }
  ASSERT_EQ(set.select(0), std::nullopt);
  ASSERT_EQ(set.select(position + 1), std::nullopt);
  for (std::uint32_t n = 0; n < 130; ++n) {
    ASSERT_EQ(set.contains(n), oracle.contains(n));
    if (!oracle.contains(n)) ASSERT_EQ(set.rank(n), 0u);
    ASSERT_EQ(set.count_below(n), static_cast<std::uint32_t>(std::distance(oracle.begin(), oracle.lower_bound(n))));
  }
}

TEST(NumberSet, AgreesWithAPlainSetUnderRandomChanges) {
  std::mt19937 random(7);
  auto pick = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  for (int round = 0; round < 60; ++round) {
    NumberSet set;
    std::set<std::uint32_t> oracle;
    for (int i = 0; i < 60; ++i) {
      const std::uint32_t first = pick(120);
      const std::uint32_t last = first + pick(pick(4) == 0 ? 20 : 3);
      if (pick(5) < 3) {
        set.add(first, last);
        for (std::uint32_t n = first; n <= last; ++n) oracle.insert(n);
      } else {
        set.remove(first, last);
        for (std::uint32_t n = first; n <= last; ++n) oracle.erase(n);
      }
      expect_same(set, oracle);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(NumberSet, JoinsCutsAndSubtractsLikeSets) {
  std::mt19937 random(11);
  for (int round = 0; round < 500; ++round) {
    NumberSet a, b;
    std::set<std::uint32_t> x, y, both, only_a, either;
    for (int i = 0; i < 30; ++i) {
      const auto n = static_cast<std::uint32_t>(random() % 60), m = static_cast<std::uint32_t>(random() % 60);
      a.add(n);
      x.insert(n);
      b.add(m);
      y.insert(m);
    }
    std::set_intersection(x.begin(), x.end(), y.begin(), y.end(), std::inserter(both, both.end()));
    std::set_difference(x.begin(), x.end(), y.begin(), y.end(), std::inserter(only_a, only_a.end()));
    std::set_union(x.begin(), x.end(), y.begin(), y.end(), std::inserter(either, either.end()));
    expect_same(a.intersect(b), both);
    expect_same(a.minus(b), only_a);
    NumberSet sum = a;
    sum.add(b);
    expect_same(sum, either);
    sum.remove(b);
    expect_same(sum, only_a);
    if (HasFatalFailure()) return;
  }
}

TEST(NumberSet, WorksAtBothEndsOfTheRange) {
  NumberSet set = NumberSet::of(0, kTop);
  EXPECT_EQ(set.size(), std::uint64_t{1} << 32);
  EXPECT_EQ(set.count_below(kTop), kTop);
  set.remove(0);
  EXPECT_EQ(set.rank(kTop), kTop);
  EXPECT_EQ(set.select(kTop), kTop);
  set.remove(kTop);
  EXPECT_EQ(set.max(), kTop - 1);
  EXPECT_EQ(set.min(), 1u);
  set.add(kTop);
  EXPECT_EQ(set, NumberSet::of(1, kTop));
  NumberSet top = NumberSet::of(kTop, kTop);
  top.add(3);
  top.add(kTop - 1);
  EXPECT_EQ(top.to_string(), "3,4294967294:4294967295");
  std::uint32_t visits = 0;
  top.for_each([&](std::uint32_t) { ++visits; });
  EXPECT_EQ(visits, 3u);
}

TEST(NumberSet, AddsItselfAndRemovesItself) {
  NumberSet set = NumberSet::of(1, 3);
  set.add(7, 9);
  const NumberSet before = set;
  set.add(set);
  EXPECT_EQ(set, before);
  set.remove(set);
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.min(), std::nullopt);
}

TEST(NumberSet, WritesRangesAsImapDoes) {
  NumberSet set;
  EXPECT_EQ(set.to_string(), "");
  for (std::uint32_t n : {1, 2, 3, 5, 7, 8, 9}) set.add(n);
  EXPECT_EQ(set.to_string(), "1:3,5,7:9");
}

TEST(NumberSet, AppendingKeepsTheIndex) {
  NumberSet set;
  for (std::uint32_t n = 1; n < 20000; n += 2) {
    set.add(n);
    ASSERT_EQ(set.rank(n), n / 2 + 1);
  }
  EXPECT_EQ(set.ranges().size(), 10000u);
}

}  // namespace
}  // namespace gatepost
