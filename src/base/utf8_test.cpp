#include "base/utf8.hpp"

#include <gtest/gtest.h>

namespace gatepost::utf8 {
namespace {

TEST(Utf8, EveryCodePointGoesThereAndBack) {
  for (char32_t c = 0; c <= 0x10ffff; ++c) {
    if (c >= 0xd800 && c <= 0xdfff) continue;
    std::string text;
    append(text, c);
    ASSERT_TRUE(is_valid(text)) << static_cast<std::uint32_t>(c);
    std::string_view rest = text;
    ASSERT_EQ(next(rest), c);
    ASSERT_TRUE(rest.empty());
  }
}

TEST(Utf8, RefusesWhatRfc3629Forbids) {
  for (std::string_view bad :
       {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
        "\xf0\x80\x80\xaf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3", "\xe2\x82",
        "\xf0\x9f\x98", "\xc3(", "abcdefgh\xc3"}) {
    EXPECT_FALSE(is_valid(bad));
    EXPECT_FALSE(is_valid(std::string(40, 'a') + std::string(bad) + std::string(40, 'b')));
    EXPECT_TRUE(is_valid(sanitize(bad)));
  }
}

TEST(Utf8, AcceptsTextOfAnyMix) {
  std::string text;
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(is_valid(text));
    text += i % 3 == 0 ? "abcdefghijklm" : i % 3 == 1 ? "\xc3\xa4" : "\xf0\x9f\x98\x80";
  }
}

TEST(Utf8, KnowsAsciiAtEveryLength) {
  for (std::size_t n = 0; n < 70; ++n) {
    std::string text(n, 'x');
    EXPECT_TRUE(is_ascii(text));
    for (std::size_t i = 0; i < n; ++i) {
      std::string one = text;
      one[i] = '\x80';
      EXPECT_FALSE(is_ascii(one));
      EXPECT_FALSE(is_valid(one));
    }
  }
}

TEST(Utf8, ReplacesEachMalformedOctet) {
  EXPECT_EQ(sanitize("a\xff\xfe"
                     "b"),
            "a\xef\xbf\xbd\xef\xbf\xbd"
            "b");
  EXPECT_EQ(sanitize("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
  std::string_view rest = "\xe2\x82z";
  EXPECT_EQ(next(rest), U'\xfffd');
  EXPECT_EQ(next(rest), U'\xfffd');
  EXPECT_EQ(next(rest), U'z');
}

TEST(Utf8, WritesTheReplacementForWhatIsNoCharacter) {
  std::string out;
  append(out, 0xd800);
  append(out, 0x110000);
  EXPECT_EQ(out, "\xef\xbf\xbd\xef\xbf\xbd");
}

}  // namespace
}  // namespace gatepost::utf8
