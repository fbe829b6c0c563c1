#include "mime/encoded_word.hpp"

#include <gtest/gtest.h>

#include "base/utf8.hpp"

namespace gatepost::mime {
namespace {

TEST(MimeEncodedWord, TheExamplesOfRfc2047) {
  EXPECT_EQ(decode_words("=?ISO-8859-1?Q?a?="), "a");
  EXPECT_EQ(decode_words("=?ISO-8859-1?Q?a?= b"), "a b");
  EXPECT_EQ(decode_words("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?="), "ab");
  EXPECT_EQ(decode_words("=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?="), "ab");
  EXPECT_EQ(decode_words("=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?="), "ab");
  EXPECT_EQ(decode_words("=?ISO-8859-1?Q?a_b?="), "a b");
  EXPECT_EQ(decode_words("=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?="), "a b");
  EXPECT_EQ(decode_words("=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>"), "Keith Moore <moore@cs.utk.edu>");
  EXPECT_EQ(decode_words("=?ISO-8859-1?Q?Andr=E9?= Pirard"), "Andr\xc3\xa9 Pirard");
  EXPECT_EQ(decode_words("=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n "
                         "=?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?="),
            "If you can read this you understand the example.");
}

TEST(MimeEncodedWord, ACharacterMayBeCutBetweenWords) {
  EXPECT_EQ(decode_words("=?utf-8?q?=C3?= =?UTF-8?q?=A4?="), "\xc3\xa4");
  EXPECT_EQ(decode_words("=?utf-8?b?4oI=?= =?utf-8?q?=AC?="), "\xe2\x82\xac");
  EXPECT_EQ(decode_words("=?utf-8?q?=C3?= x =?utf-8?q?=A4?="), "\xef\xbf\xbd x \xef\xbf\xbd");
}

TEST(MimeEncodedWord, BrokenWordsStay) {
  for (const char* text : {"=?", "=?utf-8", "=?utf-8?q", "=?utf-8?q?", "=?utf-8?q?a", "=?utf-8?q?a?", "=?utf-8?x?a?=",
                           "=?"
                           "?q?a?=",
                           "=?a b?q?c?=", "=?x-nobody-knows?q?a?=", "=?=", "a =?q?= b"}) {
    EXPECT_EQ(decode_words(text), text);
  }
  EXPECT_EQ(decode_words("=?bad =?utf-8?q?a?="), "=?bad a");
  EXPECT_EQ(decode_words("=?utf-8?q?a?= =?utf-8?q?broken"), "a =?utf-8?q?broken");
}

TEST(MimeEncodedWord, TakesWhatMailersWrite) {
  EXPECT_EQ(decode_words("=?utf-8?Q?two words?="), "two words");
  EXPECT_EQ(decode_words("=?utf-8?q?a?==?utf-8?q?b?="), "ab");
  EXPECT_EQ(decode_words("x=?utf-8?q?a?=y"), "xay");
  EXPECT_EQ(decode_words("=?utf-8*en?q?a?="), "a");
  EXPECT_EQ(decode_words("=?utf-8?b?YQ?="), "a");
  EXPECT_EQ(decode_words("=?utf-8?q?a_?= =?utf-8?q?_b?="), "a  b");
  EXPECT_EQ(decode_words("=?utf-8?q?"
                         "?="),
            "");
  EXPECT_EQ(decode_words("=?gb2312?B?xOO6ww==?="), "\xe4\xbd\xa0\xe5\xa5\xbd");
  EXPECT_EQ(decode_words("=?iso-2022-jp?b?GyRCRnxLXBsoQg==?="), "\xe6\x97\xa5\xe6\x9c\xac");
}

TEST(MimeEncodedWord, TheResultIsAlwaysUtf8WithoutLineEnds) {
  EXPECT_EQ(decode_words("caf\xe9"), "caf\xc3\xa9");
  EXPECT_EQ(decode_words("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(decode_words("=?utf-8?q?a=0D=0Ab=00c?="), "a  b c");
  EXPECT_EQ(decode_words("  a\r\n b "), "a b");
}

TEST(MimeEncodedWord, FloodsAreLinear) {
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += "=?utf-8?q?";
  EXPECT_EQ(decode_words(text), text);
  text.clear();
  for (int i = 0; i < 300'000; ++i) text += "=?";
  EXPECT_EQ(decode_words(text), text);
  text.clear();
  for (int i = 0; i < 50'000; ++i) text += i % 2 == 0 ? "=?utf-8?q?a?= " : "=?koi8-r?q?a?= ";
  EXPECT_EQ(decode_words(text).size(), 50'000U);
}

}  // namespace
}  // namespace gatepost::mime
