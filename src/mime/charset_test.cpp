#include "mime/charset.hpp"

#include <gtest/gtest.h>

#include "base/utf8.hpp"

namespace gatepost::mime {
namespace {

TEST(MimeCharset, KnowsWhatMailIsWrittenIn) {
  EXPECT_EQ(to_utf8("\xe4", "iso-8859-1"), "\xc3\xa4");
  EXPECT_EQ(to_utf8("\x80", "ISO-8859-1"), "\xe2\x82\xac");  // windows-1252, as everybody reads it
  EXPECT_EQ(to_utf8("\xa4", "iso-8859-15"), "\xe2\x82\xac");
  EXPECT_EQ(to_utf8("\xd0\xd2", "koi8-r"), "\xd0\xbf\xd1\x80");
  EXPECT_EQ(to_utf8("\xcf\xf0", "windows-1251"), "\xd0\x9f\xd1\x80");
  EXPECT_EQ(to_utf8("\x93\xfa\x96\x7b", "Shift_JIS"), "\xe6\x97\xa5\xe6\x9c\xac");
  EXPECT_EQ(to_utf8("\x1b$BF|K\\\x1b(B", "iso-2022-jp"), "\xe6\x97\xa5\xe6\x9c\xac");
  EXPECT_EQ(to_utf8("\xc6\xfc\xcb\xdc", "EUC-JP"), "\xe6\x97\xa5\xe6\x9c\xac");
  EXPECT_EQ(to_utf8("\xc4\xe3", "gb2312"), "\xe4\xbd\xa0");
  EXPECT_EQ(to_utf8("\xa4\xa4", "big5"), "\xe4\xb8\xad");
  EXPECT_EQ(to_utf8("\xc7\xd1", "ks_c_5601-1987"), "\xed\x95\x9c");
  EXPECT_EQ(to_utf8("\xa1", "tis-620"), "\xe0\xb8\x81");
  EXPECT_EQ(to_utf8("+AOQ-", "utf-7"), "\xc3\xa4");
  EXPECT_EQ(to_utf8(std::string_view("\xd8\x3d\xde\x00", 4), "utf-16be"), "\xf0\x9f\x98\x80");
  EXPECT_EQ(to_utf8("abc", "\"us-ascii\""), "abc");
}

TEST(MimeCharset, UnknownNamesAreUnknown) {
  for (const char* name : {"x-nobody-knows", "utf-8,version=1", "../../etc/passwd", "a b", "utf-8\r\n"}) {
    EXPECT_EQ(is_known_charset(name), std::string_view(name) == "utf-8\r\n") << name;
  }
  EXPECT_FALSE(to_utf8("a", std::string(1000, 'x')));
}

TEST(MimeCharset, TextWithoutCharsetIsUtf8WhereItCanBe) {
  EXPECT_EQ(to_utf8("caf\xc3\xa9 caf\xe9 \x93q\x94"), "caf\xc3\xa9 caf\xc3\xa9 \xe2\x80\x9cq\xe2\x80\x9d");
  EXPECT_EQ(to_utf8("\xe9", ""), "\xc3\xa9");
}

TEST(MimeCharset, MalformedSequencesAreReplaced) {
  EXPECT_EQ(to_utf8("a\xff"
                    "b",
                    "utf-8"),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(to_utf8("a\xe2\x82", "utf-8"), "a\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(to_utf8(std::string_view("\xd8\x3d", 2), "utf-16be"), "\xef\xbf\xbd");
  EXPECT_TRUE(utf8::is_valid(to_utf8("\x81\xff\x81", "shift_jis").value()));
}

TEST(MimeCharset, IsTheSameHoweverTheTextIsCut) {
  const std::string texts[] = {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80 \xff \xe2\x82 x \xc3",
                               "\x93\xfa\x96\x7b abc", "\x1b$BF|K\\\x1b(B abc",
                               std::string("\xd8\x3d\xde\x00\x00\x61\xd8", 7), "+AOQ-a+2D3eAA-"};
  for (const char* charset :
       {"utf-8", "us-ascii", "iso-8859-1", "shift_jis", "iso-2022-jp", "utf-16be", "utf-7", "gb18030", "koi8-r"}) {
    for (const std::string& text : texts) {
      const std::string whole = to_utf8(text, charset).value();
      for (std::size_t n = 1; n <= 8; ++n) {
        auto decoder = CharsetDecoder::open(charset);
        ASSERT_TRUE(decoder);
        std::string pieces;
        for (std::size_t i = 0; i < text.size(); i += n) decoder->append(std::string_view(text).substr(i, n), pieces);
        decoder->finish(pieces);
        EXPECT_EQ(pieces, whole) << charset << " by " << n;
      }
    }
  }
}

}  // namespace
}  // namespace gatepost::mime
