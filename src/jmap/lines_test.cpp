#include "jmap/lines.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace gatepost::jmap {
namespace {

Line line(std::int64_t received, std::uint64_t item, std::uint8_t flags = 0) {
  return {.received = received, .item = account::ItemId{item}, .thread = {}, .octets = 0, .uid = 0, .flags = flags};
}

Lines list_of(const std::vector<Line>& all) {
  Lines::Builder builder;
  for (const Line& one : all) builder.add(one);
  return std::move(builder).finish();
}

TEST(JmapLines, AreInOrderHoweverTheyCome) {
  std::mt19937_64 random(3);
  constexpr std::int64_t kDay = 86'400, kAges = std::int64_t{1} << 40;
  for (const std::size_t count : {0U, 1U, 2U, 511U, 512U, 513U, 5'000U}) {
    for (const std::int64_t span : {std::int64_t{1}, kDay, kAges}) {
      for (const std::uint64_t items : {std::uint64_t{1} << 14, std::numeric_limits<std::uint64_t>::max()}) {
        std::vector<Line> all;
        for (std::size_t i = 0; i < count; ++i) {
          all.push_back(line(static_cast<std::int64_t>(random()) % span, random() % items));
          all.back().uid = static_cast<account::Uid>(i + 1);
        }
        const Lines lines = list_of(all);
        const auto by_key = [](const Line& a, const Line& b) { return newer(key_of(a), key_of(b)); };
        std::ranges::sort(all, by_key);
        ASSERT_EQ(lines.size(), count);
        ASSERT_TRUE(std::equal(lines.begin(), lines.end(), all.begin(), all.end(),
                               [](const Line& a, const Line& b) { return key_of(a) == key_of(b); }))
            << count << " " << span << " " << items;
      }
    }
  }
}

TEST(JmapLines, AreFoundByUid) {
  std::mt19937 random(4);
  std::vector<Line> all;
  std::map<account::Uid, LineKey> there;
  for (std::uint64_t i = 1; i <= 3'000; ++i) {
    all.push_back(line(static_cast<std::int64_t>(i < 2'000 ? i : random() % 3'000), i));
    all.back().uid = static_cast<account::Uid>(2 * i);
    there[all.back().uid] = key_of(all.back());
  }
  Lines lines = list_of(all);
  for (int round = 0; round < 100; ++round) {
    Lines::Edit edit(lines);
    for (int i = 0; i < 60 && !there.empty(); ++i) {
      const auto one = std::next(there.begin(), static_cast<std::ptrdiff_t>(random() % there.size()));
      if (i % 3 > 0) {
        edit.take(one->second);
        there.erase(one);
      } else {
        Line fresh = line(static_cast<std::int64_t>(random() % 3'000),
                          10'000U + 100U * static_cast<unsigned>(round) + static_cast<unsigned>(i));
        fresh.uid = 6'001 + 200 * static_cast<account::Uid>(round) + 2 * static_cast<account::Uid>(i);
        there[fresh.uid] = key_of(fresh);
        edit.put(fresh);
      }
    }
    lines = std::move(edit).finish();
    NumberSet uids;
    std::set<std::uint64_t> expected, found;
    for (int i = 0; i < 30; ++i) uids.add(1 + static_cast<std::uint32_t>(random() % 30'000));
    for (const auto& [uid, key] : there) {
      if (uids.contains(uid)) expected.insert(static_cast<std::uint64_t>(key.item));
    }
    for (const LineKey& key : lines.find(uids)) found.insert(static_cast<std::uint64_t>(key.item));
    ASSERT_EQ(found, expected) << round;
  }
  EXPECT_TRUE(lines.find({}).empty());
}

TEST(JmapLines, AreWhatManyEditsLeave) {
  struct Order {
    bool operator()(const LineKey& a, const LineKey& b) const { return newer(a, b); }
  };
  std::map<LineKey, std::uint8_t, Order> model;
  std::mt19937 random(7);
  std::vector<Line> first;
  for (std::uint64_t i = 3'000; i > 0; --i) {
    first.push_back(line(static_cast<std::int64_t>(i / 2), i));
    model[key_of(first.back())] = 0;
  }
  Lines lines = list_of(first);
  const Lines before = lines;
  std::uint64_t next = 4'000;
  for (int round = 0; round < 200; ++round) {
    Lines::Edit edit(lines);
    const bool grows = round < 60 || round > 150;
    for (int i = 0; i < 40; ++i) {
      if (model.empty() || random() % 4 < (grows ? 3 : 0)) {
        const Line fresh = line(static_cast<std::int64_t>(random() % 2'000), next++);
        model[key_of(fresh)] = 0;
        edit.put(fresh);
      } else {
        const auto one = std::next(model.begin(), static_cast<std::ptrdiff_t>(random() % model.size()));
        if (random() % 2 == 0) {
          one->second = static_cast<std::uint8_t>(round);
          edit.put(line(one->first.received, static_cast<std::uint64_t>(one->first.item), one->second));
        } else {
          EXPECT_EQ(edit.take(one->first)->flags, one->second);
          EXPECT_FALSE(edit.take(one->first));
          model.erase(one);
        }
      }
    }
    lines = std::move(edit).finish();
    ASSERT_EQ(lines.size(), model.size());
    ASSERT_TRUE(std::equal(lines.begin(), lines.end(), model.begin(), model.end(),
                           [](const Line& a, const auto& b) { return key_of(a) == b.first && a.flags == b.second; }));
  }
  std::size_t index = 0;
  for (const Line& one : lines) EXPECT_EQ((*lines.from(index++)).item, one.item);
  EXPECT_TRUE(lines.from(index) == lines.end());
  // Nobody who has a list sees it change.
  EXPECT_TRUE(std::equal(before.begin(), before.end(), first.begin(), first.end(),
                         [](const Line& a, const Line& b) { return key_of(a) == key_of(b); }));
}

TEST(JmapLines, MayBeNone) {
  Lines lines;
  EXPECT_TRUE(lines.begin() == lines.end());
  Lines::Edit edit(lines);
  EXPECT_FALSE(edit.take({1, account::ItemId{1}}));
  edit.put(line(1, 1));
  lines = std::move(edit).finish();
  EXPECT_EQ(lines.size(), 1U);
  Lines::Edit back(lines);
  EXPECT_TRUE(back.take({1, account::ItemId{1}}));
  EXPECT_TRUE(std::move(back).finish().empty());
}

}  // namespace
}  // namespace gatepost::jmap
