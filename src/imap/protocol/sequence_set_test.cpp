#include "imap/protocol/sequence_set.hpp"

#include <gtest/gtest.h>

namespace gatepost::imap {
namespace {

std::string resolved(std::string_view text, std::uint32_t largest) {
  const auto set = SequenceSet::parse(text);
  return set ? set->resolve(largest).to_string() : "malformed";
}

TEST(ImapSequenceSet, ReadsNumbersRangesAndStars) {
  for (std::string_view text : {"1", "*", "$", "1:*", "*:1", "5:3", "1,3:5,*,7:*", "4294967295"}) {
    const auto set = SequenceSet::parse(text);
    ASSERT_TRUE(set) << text;
    EXPECT_EQ(set->to_string(), text);
    EXPECT_EQ(set->is_saved(), text == "$");
  }
}

TEST(ImapSequenceSet, RefusesWhatIsNone) {
  for (std::string_view text : {"", "0", "01", "1,", ",1", "1:", ":1", "1:2:3", "$,1", "1,$", "4294967296",
                                "99999999999999", "1 ", "a", "1;2", "-1"}) {
    EXPECT_FALSE(SequenceSet::parse(text)) << text;
  }
}

TEST(ImapSequenceSet, ResolvesStarsToTheLargestNumber) {
  EXPECT_EQ(resolved("1:*", 7), "1:7");
  EXPECT_EQ(resolved("*", 7), "7");
  EXPECT_EQ(resolved("9:*", 7), "7:9");  // RFC 9051 9: the order of the ends does not matter
  EXPECT_EQ(resolved("5:3,9,1:2", 7), "1:5,9");
  EXPECT_EQ(resolved("1:*,4", 7), "1:7");
  EXPECT_EQ(resolved("$", 7), "");
}

TEST(ImapSequenceSet, NamesNothingByAStarInAnEmptyMailbox) {
  EXPECT_EQ(resolved("*", 0), "");
  EXPECT_EQ(resolved("1:*", 0), "");
  EXPECT_EQ(resolved("1:*,3", 0), "3");
}

TEST(ImapSequenceSet, KnowsItsLargestNumber) {
  EXPECT_EQ(SequenceSet::parse("3,9:2,*")->largest_number(), 9u);
  EXPECT_EQ(SequenceSet::parse("*")->largest_number(), 0u);
  EXPECT_TRUE(SequenceSet::parse("3,9:*")->has_star());
  EXPECT_FALSE(SequenceSet::parse("3,9")->has_star());
}

TEST(ImapSequenceSet, ResolvesManyRangesInDisorderQuickly) {
  std::string text;
  for (int i = 60'000; i > 0; i -= 2) text += std::to_string(i) + ",";
  text += "1";
  EXPECT_EQ(SequenceSet::parse(text)->resolve(1).size(), 30'001u);
}

TEST(ImapSequenceSet, ComesFromNumbersAndGoesBack) {
  NumberSet numbers = NumberSet::of(3, 5);
  numbers.add(9);
  EXPECT_EQ(SequenceSet::of(numbers).to_string(), "3:5,9");
  EXPECT_EQ(SequenceSet::of(numbers).resolve(1), numbers);
  EXPECT_EQ(SequenceSet::all().to_string(), "1:*");
  EXPECT_TRUE(SequenceSet().empty());
  EXPECT_FALSE(SequenceSet::saved().empty());
}

}  // namespace
}  // namespace gatepost::imap
