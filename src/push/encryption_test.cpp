#include "push/encryption.hpp"
#include "base/base64.hpp"

#include <gtest/gtest.h>

namespace gatepost::push {
namespace {

// RFC 8291 5 and its appendix.
constexpr std::string_view kPublic =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
constexpr std::string_view kAuthSecret = "BTBZMqHH6r4Tts7J_aSIgg";

TEST(PushEncryption, GivesWhatTheStandardGives) {
  const auto keys = read_keys(kPublic, kAuthSecret);
  ASSERT_TRUE(keys);
  const auto message = encrypt_with(*keys, "When I grow up, I want to be a watermelon",
                                    *from_base64url("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
                                    *from_base64url("DGv6ra1nlYgDCS1FRnbzlw"));
  ASSERT_TRUE(message) << message.error().detail;
  EXPECT_EQ(base64::encode_url(*message),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6"
            "PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN");
}

TEST(PushEncryption, IsNewEachTime) {
  const auto keys = read_keys(kPublic, kAuthSecret);
  SeededRandom random{3};
  const auto one = encrypt(*keys, "news", random), two = encrypt(*keys, "news", random);
  ASSERT_TRUE(one && two);
  EXPECT_NE(*one, *two);
  EXPECT_EQ(one->size(), two->size());
  EXPECT_TRUE(encrypt(*keys, std::string(kMaxPlainOctets, 'x'), random));
  EXPECT_EQ(encrypt(*keys, std::string(kMaxPlainOctets + 1, 'x'), random).error().code, Errc::too_large);
}

TEST(PushEncryption, TakesNoKeysThatAreNone) {
  EXPECT_FALSE(read_keys("", ""));
  EXPECT_FALSE(read_keys(kPublic, "AAAA"));
  EXPECT_FALSE(read_keys("*", kAuthSecret));
  std::string off_curve = *from_base64url(kPublic);
  off_curve[40] = static_cast<char>(off_curve[40] ^ 1);
  EXPECT_FALSE(read_keys(base64::encode_url(off_curve), kAuthSecret));
  off_curve[0] = '\x02';
  EXPECT_FALSE(read_keys(base64::encode_url(off_curve), kAuthSecret));
}

}  // namespace
}  // namespace gatepost::push
