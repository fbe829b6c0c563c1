#include "base/bytes.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace gatepost {
namespace {

TEST(Bytes, ReadsBackWhatItWrote) {
  std::string out;
  put_u8(out, 0xfe);
  put_u16(out, 0x1234);
  put_u32(out, 0x89abcdef);
  put_u64(out, 0x0123456789abcdef);
  put_varint(out, 300);
  put_text(out, "text");
  ByteReader in(out);
  EXPECT_EQ(in.u8(), 0xfe);
  EXPECT_EQ(in.u16(), 0x1234);
  EXPECT_EQ(in.u32(), 0x89abcdefu);
  EXPECT_EQ(in.u64(), 0x0123456789abcdefu);
  EXPECT_EQ(in.varint(), 300u);
  EXPECT_EQ(in.text(), "text");
  EXPECT_TRUE(in.ok());
  EXPECT_TRUE(in.at_end());
}

TEST(Bytes, WritesNetworkOrderSoThatKeysSort) {
  std::string a, b;
  put_u32(a, 255);
  put_u32(b, 256);
  EXPECT_LT(a, b);
  EXPECT_EQ(to_hex(b), "00000100");
}

TEST(Bytes, VarintKeepsTheWholeRange) {
  for (std::uint64_t v : {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, std::uint64_t{1} << 63,
                          std::numeric_limits<std::uint64_t>::max()}) {
    std::string out;
    put_varint(out, v);
    ByteReader in(out);
    EXPECT_EQ(in.varint(), v);
    EXPECT_TRUE(in.ok() && in.at_end());
  }
}

TEST(Bytes, RefusesAVarintOverSixtyFourBits) {
  for (const std::string& text :
       {std::string(9, '\xff') + "\x02", std::string(10, '\x80') + std::string(1, '\0'), std::string(20, '\xff')}) {
    ByteReader in(text);
    EXPECT_EQ(in.varint(), 0u);
    EXPECT_FALSE(in.ok());
  }
}

TEST(Bytes, StaysFailedAfterAReadPastTheEnd) {
  ByteReader in("ab");
  EXPECT_EQ(in.u32(), 0u);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.u8(), 0);
  EXPECT_TRUE(in.take(1).empty());
  EXPECT_FALSE(in.ok());
}

TEST(Bytes, RefusesATextLongerThanTheInput) {
  std::string out;
  put_varint(out, std::numeric_limits<std::uint64_t>::max());
  out += "abc";
  ByteReader in(out);
  EXPECT_EQ(in.text(), "");
  EXPECT_FALSE(in.ok());
}

TEST(Bytes, HexGoesBothWaysAndRefusesTheRest) {
  EXPECT_EQ(to_hex(std::string_view("\x00\xff\x1a", 3)), "00ff1a");
  EXPECT_EQ(from_hex("00Ff1A"), std::string("\x00\xff\x1a", 3));
  EXPECT_EQ(from_hex("abc"), std::nullopt);
  EXPECT_EQ(from_hex("ag"), std::nullopt);
  EXPECT_EQ(from_hex(""), "");
}

}  // namespace
}  // namespace gatepost
