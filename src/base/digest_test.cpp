#include "base/digest.hpp"

#include <gtest/gtest.h>

#include "base/bytes.hpp"

namespace gatepost {
namespace {

std::string hex(const Sha256Value& value) {
  return to_hex({reinterpret_cast<const char*>(value.data()), value.size()});
}

TEST(Digest, Sha256OfKnownTexts) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, IncrementalSha256EqualsOneShotAndStartsAnew) {
  Sha256 state;
  for (int round = 0; round < 2; ++round) {
    state.update("a");
    state.update("");
    state.update("bc");
    EXPECT_EQ(state.finish(), sha256("abc"));
  }
  Sha256 moved = std::move(state);
  EXPECT_EQ(moved.finish(), sha256(""));
}

// RFC 4231 4.2, 4.3, 4.4
TEST(Digest, HmacOfRfc4231) {
  EXPECT_EQ(to_hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(std::string_view{}, std::string_view{})),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

// RFC 3720 B.4
TEST(Digest, Crc32cOfRfc3720) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(""), 0u);
}

TEST(Digest, Crc32cIsTheSameWithAndWithoutHardwareAndInPieces) {
  std::string bytes;
  for (int i = 0; i < 20000; ++i) bytes.push_back(static_cast<char>(i * i >> 3));
  for (std::size_t n : {0, 1, 7, 8, 9, 100, 3071, 3072, 3073, 6144, 10000, 20000}) {
    const std::string_view part = std::string_view(bytes).substr(0, n);
    const std::uint32_t whole = crc32c(part);
    EXPECT_EQ(whole, crc32c_portable(part)) << n;
    EXPECT_EQ(whole, crc32c(part.substr(n / 3), crc32c(part.substr(0, n / 3)))) << n;
  }
}

}  // namespace
}  // namespace gatepost
