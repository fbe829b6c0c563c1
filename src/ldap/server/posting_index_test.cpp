#include "ldap/server/posting_index.hpp"

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace gatepost::ldap::server {
namespace {

std::vector<Slot> all_of(const SlotSet& set) {
  std::vector<Slot> out;
  set.each([&](Slot slot) { out.push_back(slot); });
  return out;
}

TEST(KeyIndex, IsAMapInOrder) {
  std::mt19937 random(11);
  KeyIndex index;
  std::map<std::uint64_t, Slot> expected;
  for (Slot step = 0; step < 20'000; ++step) {
    // Mostly in ascending order, now and then between the others or of one that is there.
    const std::uint64_t key = random() % 10 != 0 ? 1000 + step : 1 + random() % (2000 + step);
    if (step > 12'000 || random() % 8 == 0) {
      index.erase(key);
      expected.erase(key);
    } else {
      index.set(key, step);
      expected[key] = step;
    }
    ASSERT_EQ(index.size(), expected.size());
    const auto found = expected.find(key);
    ASSERT_EQ(index.find(key), found == expected.end() ? std::nullopt : std::optional(found->second));
  }
  for (std::uint64_t key = 0; key < 14'000; ++key) index.erase(key), expected.erase(key);
  for (const std::uint64_t after : {std::uint64_t{0}, std::uint64_t{15'000}, std::uint64_t{40'000}}) {
    std::vector<Slot> seen, wanted;
    index.each_after(after, [&](Slot slot) {
      seen.push_back(slot);
      return seen.size() < 100;
    });
    for (auto at = expected.upper_bound(after); at != expected.end() && wanted.size() < 100; ++at) {
      wanted.push_back(at->second);
    }
    EXPECT_EQ(seen, wanted);
  }
  index.renumber([](Slot slot) { return slot + 1; });
  for (const auto& [key, slot] : expected) EXPECT_EQ(index.find(key), slot + 1);
}

TEST(SlotSet, KeepsWhatIsAddedHoweverCloseTogetherItIs) {
  std::mt19937 random(7);
  for (const unsigned widest : {1U, 2U, 20U, 60U, 5000U}) {
    SlotSet set;
    std::set<Slot> expected;
    Slot slot = 0;
    for (int i = 0; i < 3000; ++i) {
      set.add(slot);
      set.add(slot);  // a value may have the same three octets twice
      expected.insert(slot);
      slot += random() % (widest + 1);
    }
    EXPECT_EQ(all_of(set), std::vector<Slot>(expected.begin(), expected.end())) << widest;
    EXPECT_EQ(set.size(), expected.size()) << widest;
    for (Slot at = 0; at < slot + 200; at += 1 + widest / 50) EXPECT_EQ(set.contains(at), expected.contains(at)) << at;
  }
}

TEST(SlotSet, FromSparseToDenseAndBack) {
  SlotSet set;
  std::vector<Slot> expected;
  const auto add = [&](Slot from, Slot to, Slot step) {
    for (Slot slot = from; slot < to; slot += step) {
      set.add(slot);
      expected.push_back(slot);
    }
  };
  add(0, 100'000, 1000);
  add(100'000, 110'000, 1);
  add(110'000, 2'000'000, 50'000);
  EXPECT_EQ(all_of(set), expected);
  EXPECT_FALSE(set.contains(1'999'999));
  EXPECT_FALSE(set.contains(5'000'000));
}

TEST(TrigramIndex, FindsEveryValueThatHasThePart) {
  TrigramIndex index;
  constexpr Slot kValues = 20'000;
  const auto value = [](Slot slot) { return "user" + std::to_string(slot) + "@example.org"; };
  for (Slot slot = 0; slot < kValues; ++slot) index.add(value(slot), slot);
  for (const char* part : {"999", "er12", "77@ex", "user1", "nobody"}) {
    const auto found = index.find({{part, false}});
    ASSERT_TRUE(found.has_value());
    const std::set<Slot> maybe(found->begin(), found->end());
    for (Slot slot = 0; slot < kValues; ++slot) {
      if (value(slot).find(part) != std::string::npos) {
        EXPECT_TRUE(maybe.contains(slot)) << part << " in " << value(slot);
      }
    }
    EXPECT_LT(maybe.size(), kValues) << part;
  }
  EXPECT_FALSE(index.find({{"er", false}}).has_value());  // too short to know
}

TEST(EqualityIndex, FindsBySlotWhatWasAddedUnderAHash) {
  EqualityIndex index;
  std::mt19937_64 random(11);
  std::vector<std::uint64_t> hashes;
  for (Slot slot = 0; slot < 50'000; ++slot) {
    hashes.push_back(random());
    index.add(hashes.back(), slot);
  }
  for (Slot slot = 0; slot < 50'000; slot += 7) {
    bool found = false;
    index.find(hashes[slot], [&](Slot one) { found = found || one == slot; });
    EXPECT_TRUE(found) << slot;
  }
}

}  // namespace
}  // namespace gatepost::ldap::server
