#include "search/terms.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search/test_support.hpp"

namespace gatepost::search {
namespace {

using testing::ElementsAre;

std::vector<std::string> terms_of(std::string_view text, std::size_t cut = 0) {
  std::vector<std::string> out;
  const auto term = [&](TermKind kind, std::string_view t) { out.push_back(static_cast<char>(kind) + std::string(t)); };
  Splitter splitter;
  splitter.feed(text.substr(0, cut), term);
  splitter.feed(text.substr(cut), term);
  splitter.end(term);
  return out;
}

TEST(SearchTerms, AreWordsBetweenSeparators) {
  EXPECT_THAT(terms_of("jane.doe@example.org, 2026"), ElementsAre("3jane", "3doe", "3example", "3org", "32026"));
  EXPECT_THAT(terms_of("stra\u00dfe\u2014caf\u00e9"), ElementsAre("3stra\u00dfe", "3caf\u00e9"));
  EXPECT_THAT(terms_of(""), ElementsAre());
  EXPECT_THAT(terms_of(" \r\n--"), ElementsAre());
  EXPECT_THAT(terms_of("\U0001f389 done"), ElementsAre("3\U0001f389", "3done"));
}

TEST(SearchTerms, ArePairsOfIdeographs) {
  EXPECT_THAT(terms_of("\u6f22\u5b57\u3067"), ElementsAre("1\u6f22\u5b57", "1\u5b57\u3067"));
  EXPECT_THAT(terms_of("x\u6f22 y"), ElementsAre("3x", "1\u6f22", "3y"));
}

TEST(SearchTerms, AreGramsOfWhatIsTooLongOrTooRandom) {
  EXPECT_THAT(terms_of("a1b2c3d4e5"), ElementsAre("2a1b", "21b2", "2b2c", "22c3", "2c3d", "23d4", "2d4e", "24e5"));
  EXPECT_THAT(terms_of("123456789012"), testing::SizeIs(10));
  EXPECT_THAT(terms_of(std::string(25, 'a')), testing::Each(std::string("2aaa")));
  EXPECT_THAT(terms_of(std::string(24, 'a')), ElementsAre("3" + std::string(24, 'a')));
  EXPECT_EQ(terms_of(std::string(5'000, 'a')).size(), 4'998U);
}

TEST(SearchTerms, AreTheSameHoweverTextIsCut) {
  test::Texts texts(7);
  for (int i = 0; i < 200; ++i) {
    const std::string text = texts.text(6);
    const auto whole = terms_of(text);
    for (std::size_t cut = 1; cut < text.size(); cut += 1 + cut / 9) {
      if ((static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) continue;
      ASSERT_EQ(terms_of(text, cut), whole) << text << " at " << cut;
    }
  }
}

TEST(SearchTerms, CutWhatIsLookedForTheSameWay) {
  const auto pieces = pieces_of("doe@example.or");
  ASSERT_EQ(pieces.size(), 3U);
  EXPECT_EQ(pieces[0].text, "doe");
  EXPECT_TRUE(pieces[0].open_left && !pieces[0].open_right);
  EXPECT_EQ(pieces[1].text, "example");
  EXPECT_TRUE(!pieces[1].open_left && !pieces[1].open_right);
  EXPECT_TRUE(!pieces[2].open_left && pieces[2].open_right);
  EXPECT_TRUE(pieces_of("?! -").empty());
  const auto mixed = pieces_of("a\u6f22\u5b57");
  ASSERT_EQ(mixed.size(), 2U);
  EXPECT_TRUE(mixed[1].ideographs);
  EXPECT_EQ(mixed[1].characters, 2U);
}

}  // namespace
}  // namespace gatepost::search
