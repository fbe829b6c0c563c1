#include "mime/fold.hpp"

#include <gtest/gtest.h>

#include <random>

namespace gatepost::mime {
namespace {

std::string in_pieces(std::string_view text, std::size_t octets) {
  Folder folder;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += octets) folder.append(text.substr(i, octets), out);
  folder.finish(out);
  return out;
}

bool found_in_pieces(std::string_view text, std::string_view needle, std::size_t octets) {
  Searcher searcher{std::string(needle)};
  for (std::size_t i = 0; i < text.size() && !searcher.feed(text.substr(i, octets)); i += octets) {
  }
  return searcher.found();
}

TEST(MimeFold, ComparesWithoutRegardToCase) {
  EXPECT_EQ(fold("Hello, World_"), "HELLO, WORLD_");
  EXPECT_EQ(fold("\xc3\xa4"), fold("\xc3\x84"));
  EXPECT_EQ(fold("\xd0\xbf\xd1\x80"), "\xd0\x9f\xd0\xa0");
  EXPECT_EQ(fold("\xce\xa3"), fold("\xcf\x82"));  // sigma, final or not
  EXPECT_EQ(fold("\xc3\x9f"), "\xc3\x9f");        // sharp s has no title case of one character
  EXPECT_EQ(fold("\xe4\xb8\xad\xe6\x96\x87"), "\xe4\xb8\xad\xe6\x96\x87");
  EXPECT_EQ(fold("a\xff"), "A\xef\xbf\xbd");
}

TEST(MimeFold, TakesCharactersApart) {
  EXPECT_EQ(fold("\xc3\xa4"), "A\xcc\x88");  // combining diaeresis
  EXPECT_EQ(fold("A\xcc\x88"), "A\xcc\x88");
  EXPECT_EQ(fold("\xef\xbc\xa1"), "A");  // full-width A
  // The example of RFC 5051 2: U+01C4 is D, z, combining caron.
  EXPECT_EQ(fold("\xc7\x84"), "Dz\xcc\x8c");
  EXPECT_EQ(fold("\xed\x95\x9c"), "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab");  // Hangul
  EXPECT_TRUE(fold("\xc3\xa9t\xc3\xa9").starts_with(fold("e")));
}

TEST(MimeFold, PutsTextsInOrderWhateverTheirCase) {
  EXPECT_LT(fold("Zebra"), fold("_under"));
  EXPECT_LT(fold("\xc3\xa4"), fold("b"));
}

TEST(MimeFold, IsTheSameHoweverTheTextIsCut) {
  std::string zalgo = "z";
  for (int i = 0; i < 500; ++i) zalgo += i % 2 == 0 ? "\xcc\x81" : "\xcc\xa7";
  for (const std::string& text :
       {std::string("A\xcc\x88 STRASSE stra\xc3\x9f"
                    "e \xef\xac\x81 \xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab e\xcc\xa7\xcc\x81"),
        zalgo, std::string("\xff\xe2\x82 A\xcc\xcc\x88 \xf0\x9f\x98\x80\xf0\x9f"), std::string("\xcc\x88leading")}) {
    const std::string whole = fold(text);
    for (std::size_t n = 1; n <= 8; ++n) EXPECT_EQ(in_pieces(text, n), whole) << n;
  }
}

TEST(MimeFold, CombiningMarksWithoutEndAreLinear) {
  std::string text = "z";
  for (int i = 0; i < 1'000'000; ++i) text += i % 2 == 0 ? "\xcc\x81" : "\xcc\xa7";
  EXPECT_EQ(in_pieces(text, 4096), fold(text));
}

TEST(MimeSearcher, FindsAcrossBorders) {
  for (std::size_t n = 1; n <= 8; ++n) {
    EXPECT_TRUE(found_in_pieces("the quick brown fox", "brown", n));
    EXPECT_TRUE(found_in_pieces("aabaaabaaaab", "aaaab", n));
    EXPECT_TRUE(found_in_pieces("abc", "abc", n));
    EXPECT_FALSE(found_in_pieces("ab", "abc", n));
    EXPECT_FALSE(found_in_pieces("the quick brown fox", "browm", n));
  }
}

TEST(MimeSearcher, TheEmptyTextIsEverywhere) {
  Searcher searcher("");
  EXPECT_TRUE(searcher.found());
  EXPECT_TRUE(searcher.feed(""));
}

TEST(MimeSearcher, ARestartForgetsWhatWasSeen) {
  Searcher searcher("ab");
  searcher.feed("a");
  searcher.restart();
  EXPECT_FALSE(searcher.feed("b"));
  EXPECT_TRUE(searcher.feed("ab"));
  searcher.restart();
  EXPECT_FALSE(searcher.found());
}

TEST(MimeSearcher, AgreesWithAPlainSearch) {
  std::mt19937 random(1);
  const auto text = [&](std::size_t size) {
    std::string out;
    while (out.size() < size) out += static_cast<char>('a' + random() % 2);
    return out;
  };
  for (int i = 0; i < 5000; ++i) {
    const std::string haystack = text(30), needle = text(1 + random() % 6);
    EXPECT_EQ(found_in_pieces(haystack, needle, 1 + random() % 8), haystack.find(needle) != std::string::npos)
        << haystack << " " << needle;
  }
}

}  // namespace
}  // namespace gatepost::mime
