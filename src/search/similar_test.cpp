#include "search/similar.hpp"

#include <gmock/gmock.h>

#include "search/test_support.hpp"

namespace gatepost::search {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SearchSimilar, CountsWhatHasToBeChanged) {
  EXPECT_EQ(edit_distance(U"invoice", U"invoice", 2), 0U);
  EXPECT_EQ(edit_distance(U"invoice", U"invoce", 2), 1U);
  EXPECT_EQ(edit_distance(U"invoice", U"innvoice", 2), 1U);
  EXPECT_EQ(edit_distance(U"invoice", U"invoize", 2), 1U);
  EXPECT_EQ(edit_distance(U"recieve", U"receive", 2), 1U);  // swapped
  EXPECT_EQ(edit_distance(U"invoice", U"envoce", 2), 2U);
  EXPECT_EQ(edit_distance(U"invoice", U"envoc", 2), 3U);
  EXPECT_EQ(edit_distance(U"invoice", U"voice", 1), 2U);
  EXPECT_EQ(edit_distance(U"", U"ab", 2), 2U);
  EXPECT_EQ(edit_distance(U"", U"", 0), 0U);
  EXPECT_EQ(edit_distance(U"a", U"b", 0), 1U);
  EXPECT_EQ(edit_distance(U"gr\u00fcn", U"grun", 1), 1U);
}

// Compared with what needs no bounds.
TEST(SearchSimilar, CountsTheSameAsTheWholeTable) {
  const auto whole = [](std::u32string_view a, std::u32string_view b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
      for (std::size_t j = 0; j <= b.size(); ++j) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
          d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
    return d[a.size()][b.size()];
  };
  std::mt19937 random(7);
  for (int round = 0; round < 3'000; ++round) {
    std::u32string words[2];
    for (auto& word : words) {
      for (std::size_t n = random() % 9; n > 0; --n) word.push_back(U'a' + random() % 3);
    }
    for (const std::size_t most : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{3}}) {
      EXPECT_EQ(edit_distance(words[0], words[1], most), std::min(whole(words[0], words[1]), most + 1));
    }
  }
}

TEST(SearchSimilar, FindsWordsThatAreWrittenNearlyTheSame) {
  const auto first = test::index_of({"the invoice of may", "invoices and an invoce", "in voice", "inovice"});
  const auto second = test::index_of({"invoces invoces", "unvoiced", "harpsichord"}, 5);
  const std::vector<std::string> words{"invoice", "may", "harpsicord", "nothing"};
  SimilarWords similar(words);
  ASSERT_TRUE(similar.ask(first.get()));
  ASSERT_TRUE(similar.ask(second.get()));
  const auto found = similar.finish(10);
  ASSERT_EQ(found.size(), 4U);
  EXPECT_THAT(found[0], ElementsAre("inovice", "invoce", "invoices"));
  EXPECT_THAT(found[1], IsEmpty());  // too short
  EXPECT_THAT(found[2], ElementsAre("harpsichord"));
  EXPECT_THAT(found[3], IsEmpty());
}

TEST(SearchSimilar, FindsNoMoreThanAsked) {
  std::vector<std::string> texts(40, "mouse");
  texts.emplace_back("house horse");
  const auto blocks = test::index_of(texts);
  const std::vector<std::string> words{"louse"};
  SimilarWords similar(words);
  ASSERT_TRUE(similar.ask(blocks.get()));
  EXPECT_THAT(similar.finish(1), ElementsAre(ElementsAre("mouse")));
}

TEST(SearchSimilar, TellsOfDamage) {
  auto blocks = test::index_of({"house"});
  blocks.all.erase(blocks.all.begin());
  const std::vector<std::string> words{"mouse"};
  SimilarWords similar(words);
  EXPECT_EQ(similar.ask(blocks.get()).error().code, Errc::corrupt);
}

}  // namespace
}  // namespace gatepost::search
