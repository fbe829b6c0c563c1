#include "search/query.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "search/merge.hpp"
#include "search/test_support.hpp"

namespace gatepost::search {
namespace {

using test::Blocks;

std::uint32_t rounds(std::uint32_t otherwise) {
  const char* const set = std::getenv("GP_PROPERTY_ROUNDS");
  return set != nullptr ? static_cast<std::uint32_t>(std::atoi(set)) : otherwise;
}

Answers ask(const std::vector<const Blocks*>& segments, const std::vector<std::size_t>& sizes,
            const std::vector<Query>& queries) {
  std::size_t total = 0;
  for (const std::size_t size : sizes) total += size;
  Gatherer gatherer(queries, total);
  for (std::size_t i = 0; i < segments.size(); ++i) gatherer.ask(segments[i]->get(), sizes[i]).value();
  return gatherer.finish();
}

// What all segments together say of each text for a needle, as one character each.
std::string said(const std::vector<std::string>& texts, const std::string& needle, Fields fields = field::kBody) {
  const Blocks blocks = test::index_of(texts);
  const std::vector<Query> queries{{needle, fields}};
  Answers answers = ask({&blocks}, {texts.size()}, queries);
  std::string out;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    out += "ny?"[static_cast<int>(answers.of(0, test::row_of(i + 1, texts[i])))];
  }
  return out;
}

TEST(SearchQuery, KnowsPartsOfWords) {
  const std::vector<std::string> texts{"the invoice of may", "voices", "nothing", "in voice"};
  EXPECT_EQ(said(texts, "invoice"), "ynnn");
  EXPECT_EQ(said(texts, "voi"), "yyny");
  EXPECT_EQ(said(texts, "o"), "yyyy");
  EXPECT_EQ(said(texts, "zzz"), "nnnn");
  EXPECT_EQ(said(texts, "voice", field::kHeader), "nnnn");
}

TEST(SearchQuery, NarrowsWhatIsSeveralWords) {
  const std::vector<std::string> texts{"jane@example.org", "jane", "example.org jane@", "mary@example.orgx"};
  EXPECT_EQ(said(texts, "jane@example.org"), "?n?n");
  EXPECT_EQ(said(texts, "e@exam"), "?n??");  // "example" ends so, too
  EXPECT_EQ(said(texts, "y@example.org"), "nnn?");
  EXPECT_EQ(said(texts, "@"), "????");
  EXPECT_EQ(said(texts, "jane "), "???n");  // the end of a word, whatever stands behind it
}

TEST(SearchQuery, KnowsIdeographsOneByOne) {
  const std::vector<std::string> texts{"\u6f22\u5b57", "\u5b57", "\u5b57\u6f22", "latin"};
  EXPECT_EQ(said(texts, "\u6f22"), "ynyn");
  EXPECT_EQ(said(texts, "\u5b57"), "yyyn");
  EXPECT_EQ(said(texts, "\u6f22\u5b57"), "ynnn");
  EXPECT_EQ(said({"\u6f22\u5b57\u3067 \u5b57\u3067\u6f22\u5b57", "\u6f22\u5b57\u3067\u3059", "\u6f22\u5b57"},
                 "\u6f22\u5b57\u3067"),
            "??n");
}

TEST(SearchQuery, NarrowsWhatIsNoise) {
  const std::vector<std::string> texts{"a1b2c3d4e5f6", "x", "c3d4 e5f6a1b2c3"};
  EXPECT_EQ(said(texts, "c3d"), "yny");
  EXPECT_EQ(said(texts, "3d"), "yny");
  EXPECT_EQ(said(texts, "2c3d4"), "?nn");
}

TEST(SearchQuery, DoesNotKnowOtherMessages) {
  const std::string text = "word";
  const Blocks blocks = test::index_of({text});
  const std::vector<Query> queries{{"word", field::kBody}, {"word", field::kBody, true}};
  Answers answers = ask({&blocks}, {1}, queries);
  EXPECT_EQ(answers.of(0, test::row_of(1, text)), Says::yes);
  EXPECT_EQ(answers.of(1, test::row_of(1, text)), Says::unknown);
  EXPECT_EQ(answers.of(0, test::row_of(2, text)), Says::unknown);     // came later
  EXPECT_EQ(answers.of(0, test::row_of(1, "wordy")), Says::unknown);  // another one of that number
  EXPECT_EQ(answers.of(2, test::row_of(1, text)), Says::unknown);     // was not asked
  EXPECT_EQ(Answers().of(0, test::row_of(1, text)), Says::unknown);
}

TEST(SearchQuery, IsNotSureOfWhatHasTooMuchText) {
  std::string much;
  for (std::size_t i = 0; i < kMaxItemTerms + 10; ++i) much.append("w").append(std::to_string(i)).append(" ");
  const std::vector<std::string> texts{much, "little"};
  EXPECT_EQ(said(texts, "w17"), "yn");
  EXPECT_EQ(said(texts, "w" + std::to_string(kMaxItemTerms + 9)), "?n");
  EXPECT_EQ(said(texts, "nowhere"), "?n");
}

TEST(SearchQuery, RefusesASegmentThatIsNotWhatItShouldBe) {
  const Blocks blocks = test::index_of({"a", "b"});
  const std::vector<Query> queries{{"a", field::kBody}};
  Gatherer gatherer(queries, 9);
  EXPECT_EQ(gatherer.ask(blocks.get(), 3).error().code, Errc::corrupt);
  Gatherer twice(queries, 9);
  EXPECT_TRUE(twice.ask(blocks.get(), 2));
  EXPECT_EQ(twice.ask(blocks.get(), 2).error().code, Errc::corrupt);
}

// Whatever it says is so, also after segments became one and some items were dropped.
TEST(SearchQuery, IsNeverWrong) {
  for (std::uint32_t round = 0; round < rounds(40); ++round) {
    test::Texts random(round);
    std::vector<std::string> texts;
    for (std::size_t i = 0, n = 20 + random.below(60); i < n; ++i) texts.push_back(random.text(1 + random.below(40)));
    const std::size_t border = random.below(texts.size() + 1);
    const Blocks first = test::index_of({texts.begin(), texts.begin() + static_cast<std::ptrdiff_t>(border)});
    const Blocks second =
        test::index_of({texts.begin() + static_cast<std::ptrdiff_t>(border), texts.end()}, border + 1);

    std::vector<Query> queries;
    for (int i = 0; i < 25; ++i) queries.push_back({random.part_of(texts[random.below(texts.size())]), field::kBody});
    for (int i = 0; i < 5; ++i) queries.push_back({random.word(), field::kBody});
    Answers separate = ask({&first, &second}, {border, texts.size() - border}, queries);

    const auto kept = [&](std::uint64_t item) { return item % 5 != 3; };
    const auto get_first = first.get(), get_second = second.get();
    const SegmentContents a = SegmentContents::read(get_first).value(), b = SegmentContents::read(get_second).value();
    const std::vector<MergeInput> inputs{{a, get_first}, {b, get_second}};
    Blocks both;
    const Merged merged = merge(inputs, kept, both.put(), [] { return true; }).value();
    Answers together = ask({&both}, {merged.items}, queries);

    for (std::size_t q = 0; q < queries.size(); ++q) {
      for (std::size_t i = 0; i < texts.size(); ++i) {
        const bool has = texts[i].find(queries[q].needle) != std::string::npos;
        const Says one = separate.of(q, test::row_of(i + 1, texts[i]));
        ASSERT_NE(one, has ? Says::no : Says::yes) << round << ": " << queries[q].needle << " in " << texts[i];
        const Says other = together.of(q, test::row_of(i + 1, texts[i]));
        ASSERT_EQ(other, kept(i + 1) ? one : Says::unknown) << round << ": " << queries[q].needle;
      }
    }
  }
}

}  // namespace
}  // namespace gatepost::search
