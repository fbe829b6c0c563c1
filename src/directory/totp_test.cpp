#include "directory/totp.hpp"

#include <gtest/gtest.h>

#include <array>
#include <utility>

#include "base/sha1.hpp"

namespace gatepost::directory {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kKey = "12345678901234567890";  // of RFC 4226 D and RFC 6238 B

TEST(Totp, CountsAsTheVectorsOfHotpDo) {
  // RFC 4226 D.
  constexpr std::array<std::string_view, 10> kCodes{"755224", "287082", "359152", "969429", "338314",
                                                    "254676", "287922", "162583", "399871", "520489"};
  for (std::size_t i = 0; i < kCodes.size(); ++i) EXPECT_EQ(hotp(kKey, i, 6), kCodes[i]) << i;
}

TEST(Totp, FollowsTheTimeAsTheVectorsDo) {
  // RFC 6238 B, the rows of SHA1.
  const std::pair<std::int64_t, std::string_view> vectors[] = {{59, "94287082"},         {1111111109, "07081804"},
                                                               {1111111111, "14050471"}, {1234567890, "89005924"},
                                                               {2000000000, "69279037"}, {20000000000, "65353130"}};
  for (const auto& [seconds, code] : vectors) {
    const std::uint64_t step = static_cast<std::uint64_t>(seconds) / 30;
    EXPECT_EQ(hotp(kKey, step, 8), code) << seconds;
    // The clock's type ends in 2262, before the last of them.
    if (seconds < 9'000'000'000) EXPECT_EQ(totp_step(TimePoint(std::chrono::seconds(seconds))), step);
  }
  EXPECT_EQ(totp_step(TimePoint(-5s)), 0u);
}

TEST(Totp, HashesAKeyThatIsLongerThanABlock) {
  // RFC 2104 3.
  const std::string longer(80, '\xaa');
  const Sha1Value hashed = sha1(longer);
  EXPECT_EQ(hotp(longer, 1, 6), hotp({reinterpret_cast<const char*>(hashed.data()), hashed.size()}, 1, 6));
}

TEST(Totp, TakesTheStepBeforeAndAfterAndNoOther) {
  const TimePoint now(1111111111s);
  const std::uint64_t present = totp_step(now);
  for (const std::uint64_t step : {present - 1, present, present + 1}) {
    EXPECT_EQ(matching_step(kKey, hotp(kKey, step, 6), now, 0), step);
  }
  EXPECT_EQ(matching_step(kKey, hotp(kKey, present - 2, 6), now, 0), std::nullopt);
  EXPECT_EQ(matching_step(kKey, hotp(kKey, present + 2, 6), now, 0), std::nullopt);
  for (const std::string_view broken : {"", "1", "05047", "0504711", "abcdef"}) {
    EXPECT_EQ(matching_step(kKey, broken, now, 0), std::nullopt) << broken;
  }
  EXPECT_EQ(matching_step(kKey, hotp(kKey, 0, 6), TimePoint(1s), 0), std::nullopt) << "the first step is used already";
  EXPECT_EQ(matching_step(kKey, hotp(kKey, 1, 6), TimePoint(1s), 0), 1u);
}

TEST(Totp, TakesNoStepTwice) {
  const TimePoint now(1111111111s);
  const std::uint64_t present = totp_step(now);
  EXPECT_EQ(matching_step(kKey, hotp(kKey, present, 6), now, present), std::nullopt);
  EXPECT_EQ(matching_step(kKey, hotp(kKey, present - 1, 6), now, present), std::nullopt);
  EXPECT_EQ(matching_step(kKey, hotp(kKey, present + 1, 6), now, present), present + 1);
}

TEST(Totp, WritesKeysForAuthenticators) {
  // RFC 4648 10.
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "MY"},
                                                                   {"fo", "MZXQ"},
                                                                   {"foo", "MZXW6"},
                                                                   {"foob", "MZXW6YQ"},
                                                                   {"fooba", "MZXW6YTB"},
                                                                   {"foobar", "MZXW6YTBOI"}};
  for (const auto& [plain, encoded] : vectors) EXPECT_EQ(base32(plain), encoded);
  EXPECT_EQ(otpauth_uri("Haus & Hof", "anna+x@example.org", kKey),
            "otpauth://totp/Haus%20%26%20Hof:anna%2Bx%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
            "&issuer=Haus%20%26%20Hof&algorithm=SHA1&digits=6&period=30");
}

}  // namespace
}  // namespace gatepost::directory
