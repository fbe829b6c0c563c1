#include "base/siphash.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gatepost {
namespace {

// Appendix A of the paper has the one of 15 octets; the others are of its authors' test vectors.
TEST(Siphash, IsThatOfItsAuthors) {
  const SipKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  std::string text;
  const auto of = [&](std::size_t octets) {
    text.clear();
    for (std::size_t i = 0; i < octets; ++i) text += static_cast<char>(i);
    return siphash(key, text);
  };
  EXPECT_EQ(of(0), 0x726fdb47dd0e0e31U);
  EXPECT_EQ(of(1), 0x74f839c593dc67fdU);
  EXPECT_EQ(of(7), 0xab0200f58b01d137U);
  EXPECT_EQ(of(8), 0x93f5f5799a932462U);
  EXPECT_EQ(of(15), 0xa129ca6149be45e5U);
  EXPECT_EQ(of(63), 0x958a324ceb064572U);
}

}  // namespace
}  // namespace gatepost
