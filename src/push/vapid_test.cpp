#include "push/vapid.hpp"

#include <gtest/gtest.h>

#include "push/encryption.hpp"

namespace gatepost::push {
namespace {

TEST(PushVapid, SaysWhoSendsToWhom) {
  const auto key = certificates::Key::make(certificates::KeyKind::p256);
  ASSERT_TRUE(key);
  const auto own = public_key_of(*key);
  EXPECT_EQ(from_base64url(*own)->size(), 65U);
  const auto value = authorization(*key, "https://Push.example:8443/p/1?x#y", "mailto:postmaster@example.org",
                                   TimePoint(std::chrono::seconds(1'000)));
  ASSERT_TRUE(value);
  ASSERT_TRUE(value->starts_with("vapid t="));
  EXPECT_TRUE(value->ends_with(", k=" + *own));
  const std::string token = value->substr(8, value->find(',') - 8);
  const std::size_t first = token.find('.'), second = token.rfind('.');
  EXPECT_EQ(*from_base64url(token.substr(first + 1, second - first - 1)),
            R"({"aud":"https://push.example:8443","exp":44200,"sub":"mailto:postmaster@example.org"})");
  EXPECT_EQ(from_base64url(token.substr(second + 1))->size(), 64U);
}

TEST(PushVapid, KnowsHttpsAlone) {
  EXPECT_EQ(origin_of("https://a.example"), "https://a.example");
  EXPECT_EQ(origin_of("http://a.example/"), "");
  EXPECT_EQ(origin_of("https://"), "");
  EXPECT_EQ(origin_of("https://user@a.example/"), "");
  EXPECT_EQ(origin_of("https://a\"b/"), "");
  EXPECT_EQ(origin_of("ftp://a.example/"), "");
}

}  // namespace
}  // namespace gatepost::push
