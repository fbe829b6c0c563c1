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
  EXPECT_EQ(fold("Hello, WORLD"), "hello, world");
  EXPECT_EQ(fold("STRASSE"), fold("stra\xc3\x9f"
                                  "e"));
  EXPECT_EQ(fold("\xc3\x84"), "\xc3\xa4");
  EXPECT_EQ(fold("\xd0\x9f\xd0\xa0"), "\xd0\xbf\xd1\x80");
  EXPECT_EQ(fold("\xce\xa3"), fold("\xcf\x82"));  // sigma, final or not
}

TEST(MimeFold, ComposesAndMapsCompatibilityForms) {
  EXPECT_EQ(fold("A\xcc\x88"), "\xc3\xa4");  // A + combining diaeresis
  EXPECT_EQ(fold("\xef\xbc\xa1"), "a");      // full-width A
  EXPECT_EQ(fold("\xef\xac\x81"), "fi");     // ligature
  EXPECT_EQ(fold("a\xc2\xad"
                 "b"),
            "ab");                                                          // soft hyphen
  EXPECT_EQ(fold("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab"), "\xed\x95\x9c");  // Hangul
  EXPECT_NE(fold("e"), fold("\xc3\xa9"));
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
