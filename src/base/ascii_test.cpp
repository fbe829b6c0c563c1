#include "base/ascii.hpp"

#include <gtest/gtest.h>

namespace gatepost::ascii {
namespace {

TEST(Ascii, ComparesEveryPairOfOctetsByAsciiCaseOnly) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const bool same = lower(static_cast<char>(a)) == lower(static_cast<char>(b));
      // Nine octets: the word at a time and the rest both see the pair.
      EXPECT_EQ(iequals(std::string(9, static_cast<char>(a)), std::string(9, static_cast<char>(b))), same)
          << a << " " << b;
    }
  }
}

TEST(Ascii, ComparesLengthsToo) {
  EXPECT_FALSE(iequals("abc", "abcd"));
  EXPECT_TRUE(iequals("", ""));
  EXPECT_TRUE(istarts_with("CONTENT-Type: x", "content-type:"));
  EXPECT_FALSE(istarts_with("abc", "abcd"));
  EXPECT_TRUE(istarts_with("abc", ""));
}

TEST(Ascii, FindsANeedleInAnyCaseAndPlace) {
  EXPECT_EQ(ifind("Hello World", "WORLD"), 6u);
  EXPECT_EQ(ifind("Hello", "hello"), 0u);
  EXPECT_EQ(ifind("aab", "AB"), 1u);
  EXPECT_EQ(ifind("----x", "-X"), 3u);
  EXPECT_EQ(ifind("12345", "45"), 3u);
  EXPECT_EQ(ifind("12345", "46"), std::string_view::npos);
  EXPECT_EQ(ifind("ab", "abc"), std::string_view::npos);
  EXPECT_EQ(ifind("ab", ""), 0u);
}

TEST(Ascii, OrdersWithoutRegardToCase) {
  const ILess less;
  EXPECT_TRUE(less("Abc", "abd"));
  EXPECT_FALSE(less("ABC", "abc"));
  EXPECT_FALSE(less("abc", "ABC"));
  EXPECT_TRUE(less("ab", "ABC"));
  EXPECT_TRUE(less("z", "\xc3\xa4"));
}

TEST(Ascii, ChangesCaseOfLettersOnly) {
  EXPECT_EQ(to_lower("A@Z[`az{\xc4"), "a@z[`az{\xc4");
  EXPECT_EQ(to_upper("A@Z[`az{\xe4"), "A@Z[`AZ{\xe4");
}

TEST(Ascii, TrimsBlanksAndLineEnds) {
  EXPECT_EQ(trim(" \t a b \r\n"), "a b");
  EXPECT_EQ(trim(" \r\n"), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Ascii, SplitsIntoFieldsAndKeepsEmptyOnes) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
  EXPECT_EQ(split(",", ','), (std::vector<std::string_view>{"", ""}));
}

}  // namespace
}  // namespace gatepost::ascii
