#include "jmap/lines.hpp"

#include <algorithm>
#include <map>
#include <random>

#include <gtest/gtest.h>

namespace gatepost::jmap {
namespace {

Line line(std::int64_t received, std::uint64_t item, std::uint8_t flags = 0) {
  return {.received = received, .item = account::ItemId{item}, .thread = {}, .octets = 0, .uid = 0, .flags = flags};
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
  Lines lines(first);
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
  for (const Line& one : lines) EXPECT_EQ(lines.from(index++)->item, one.item);
  EXPECT_EQ(lines.from(index), lines.end());
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
