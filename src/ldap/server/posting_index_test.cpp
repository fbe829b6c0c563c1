#include "ldap/server/posting_index.hpp"

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
