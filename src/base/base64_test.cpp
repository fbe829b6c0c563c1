#include "base/base64.hpp"

#include <gtest/gtest.h>

namespace gatepost::base64 {
namespace {

TEST(Base64, EncodesTheVectorsOfRfc4648) {
  EXPECT_EQ(encode(""), "");
  EXPECT_EQ(encode("f"), "Zg==");
  EXPECT_EQ(encode("fo"), "Zm8=");
  EXPECT_EQ(encode("foo"), "Zm9v");
  EXPECT_EQ(encode("foob"), "Zm9vYg==");
  EXPECT_EQ(encode("fooba"), "Zm9vYmE=");
  EXPECT_EQ(encode("foobar"), "Zm9vYmFy");
}

TEST(Base64, DecodesWhatItEncoded) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(decode(encode(bytes)), bytes);
    bytes.push_back(static_cast<char>(i * 7));
  }
}

TEST(Base64, RefusesEverythingElse) {
  for (std::string_view text : {"Z", "Zg", "Zg=", "Zg===", "====", "=", "Z===", "Zm9v\n", "Zm 9v",
                                "Zm9v=", "Zg==Zg==", "Zh==", "Zm9=", "Zm-_", "Z=g=", "\xff\xff\xff\xff"}) {
    EXPECT_EQ(decode(text), std::nullopt) << text;
  }
}

TEST(Base64Url, HasItsOwnAlphabetAndNoPadding) {
  EXPECT_EQ(encode_url("\xfb\xff\xfe"), "-__-");
  EXPECT_EQ(encode_url("f"), "Zg");
  EXPECT_EQ(encode_url(""), "");
  EXPECT_EQ(decode_url("-__-"), "\xfb\xff\xfe");
  EXPECT_EQ(decode_url("Zg"), "f");
  EXPECT_EQ(decode_url("Zg=="), "f");
  EXPECT_EQ(decode_url("Zh"), std::nullopt);  // RFC 4648 3.5
  EXPECT_EQ(decode_url("Z"), std::nullopt);
  EXPECT_EQ(decode_url("Z g"), std::nullopt);
}

}  // namespace
}  // namespace gatepost::base64
