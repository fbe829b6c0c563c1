#include "store/body_record.hpp"

#include <random>

#include <gtest/gtest.h>

#include "base/digest.hpp"
#include "store/body_codec.hpp"
#include "store/test_support.hpp"

namespace gatepost::store {
namespace {

std::string record_of(const std::string& body, int level = 1) {
  std::string octets;
  BodyCodec(level).encode_record({sha256(body), body.size()}, body, octets);
  return octets;
}

TEST(BodyRecord, ReadsBackTheHeaderItWrote) {
  const record::Header header{{sha256("x"), 123'456'789}, 4711, 0xdeadbeef};
  std::string octets;
  record::put_header(octets, header);
  ASSERT_EQ(octets.size(), record::kHeaderOctets);
  const auto read = record::parse_header(octets);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->id, header.id);
  EXPECT_EQ(read->stored, header.stored);
  EXPECT_EQ(read->table_crc, header.table_crc);
}

TEST(BodyRecord, RefusesAHeaderWithAnyBitChanged) {
  std::string octets;
  record::put_header(octets, {{sha256("x"), 10}, 10, 1});
  for (std::size_t bit = 0; bit < octets.size() * 8; ++bit) {
    std::string damaged = octets;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    ASSERT_FALSE(record::parse_header(damaged)) << bit;
  }
  EXPECT_FALSE(record::parse_header(std::string_view(octets).substr(1)));
}

TEST(BodyRecord, TakesAMultipleOfEightOctets) {
  for (const std::size_t size : {0u, 1u, 7u, 8u, 65'535u, 65'536u, 65'537u, 300'000u}) {
    const std::string octets = record_of(mail_of(size, 1));
    EXPECT_EQ(octets.size() % record::kAlignment, 0u);
    BodyCodec codec(1);
    EXPECT_TRUE(verify_record(octets, codec)) << size;
  }
}

TEST(BodyRecord, CompressesTextAndLeavesNoiseAsItIs) {
  EXPECT_LT(record_of(std::string(100'000, 'a')).size(), 2000u);
  std::mt19937 random(1);
  std::string noise(100'000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  EXPECT_LT(record_of(noise).size(), noise.size() + 200);
  EXPECT_GE(record_of(std::string(100'000, 'a'), 0).size(), 100'000u);
}

TEST(BodyRecord, FindsEveryChangedBit) {
  const std::string octets = record_of(mail_of(70'000, 2));
  BodyCodec codec(1);
  const std::uint64_t used =
      record::kHeaderOctets + record::parse_header(octets)->stored + record::table_octets(70'000);
  std::mt19937 random(3);
  for (int i = 0; i < 3000; ++i) {
    const std::size_t bit = random() % (used * 8);
    std::string damaged = octets;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    ASSERT_FALSE(verify_record(damaged, codec)) << bit;
  }
}

TEST(BodyRecord, IsNotWholeWhenItsEndIsMissing) {
  const std::string octets = record_of(mail_of(70'000, 4));
  BodyCodec codec(1);
  for (std::size_t length = 0; length < octets.size(); length += length < 100 ? 1 : 997)
    ASSERT_FALSE(verify_record(octets.substr(0, length), codec)) << length;
}

}  // namespace
}  // namespace gatepost::store
