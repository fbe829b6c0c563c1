#include "mime/collation.hpp"

#include <gtest/gtest.h>

namespace gatepost::mime {
namespace {

std::string key(std::string_view text) {
  std::string out;
  append_collation_key(text, out);
  return out;
}

TEST(MimeCollation, PutsTextsInOrderWhateverTheirCase) {
  EXPECT_EQ(key("Hello_World"), "HELLO_WORLD");
  EXPECT_LT(key("Zebra"), key("_under"));
  EXPECT_EQ(key("\xc3\xa4"), key("A\xcc\x88"));  // ä and A with a combining diaeresis
  EXPECT_EQ(key("\xd0\xbf"), key("\xd0\x9f"));   // Cyrillic
  EXPECT_EQ(key("\xef\xbc\xa1"), key("a"));      // a full-width letter
  EXPECT_EQ(key("\xe4\xb8\xad\xe6\x96\x87"), "\xe4\xb8\xad\xe6\x96\x87");
  EXPECT_EQ(key("a\xff"), "A\xef\xbf\xbd");
}

}  // namespace
}  // namespace gatepost::mime
