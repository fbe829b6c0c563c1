#include "oauth/claims.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gatepost::oauth {
namespace {

using directory::TokenVerdict;
using Kind = TokenVerdict::Kind;
using ::testing::HasSubstr;

const TimePoint kNow = *date::parse_rfc3339("2026-11-26T12:00:00Z");  // 1795694400
constexpr std::string_view kGood = R"({"iss":"https://id.example.org","aud":["x","mail"],"exp":1795698000,
  "nbf":1795694400,"scope":"openid mail","email":"Anna@Example.org","typ":"Bearer"})";

Provider provider() {
  return {.name = "id", .issuer = "https://id.example.org", .audiences = {"mail"}, .scopes = {"mail"}};
}

TokenVerdict judged(std::string_view json, const Provider& by = provider(), std::string_view type = "at+jwt",
                    TimePoint now = kNow) {
  const auto claims = read_claims(json, by.account_claim);
  return claims ? judge(*claims, type, by, now) : TokenVerdict{.detail = "no claims"};
}
std::string with(std::string_view from, std::string_view to) {
  std::string out(kGood);
  out.replace(out.find(from), from.size(), to);
  return out;
}

TEST(OauthClaims, LetInTheOneTheyName) {
  const TokenVerdict verdict = judged(kGood);
  EXPECT_EQ(verdict.kind, Kind::good) << verdict.detail;
  EXPECT_EQ(verdict.name, "Anna@Example.org");
  EXPECT_EQ(verdict.ends, kNow + std::chrono::hours(1) + std::chrono::seconds(60));
  Provider longer = provider();
  longer.beyond_token = std::chrono::hours(2);
  EXPECT_EQ(judged(kGood, longer).ends, kNow + std::chrono::hours(3));
  longer.end_sessions = false;
  EXPECT_EQ(judged(kGood, longer).ends, TimePoint{});
}

TEST(OauthClaims, AreForThisServerAlone) {
  EXPECT_EQ(judged(with("https://id.example.org", "https://id.example.org/")).kind, Kind::not_here);
  EXPECT_EQ(judged(with(R"(["x","mail"])", R"("mail")")).kind, Kind::good);
  EXPECT_EQ(judged(with(R"(["x","mail"])", R"("mails")")).kind, Kind::not_here);
  EXPECT_EQ(judged(with(R"("aud")", R"("audience")")).kind, Kind::not_here);
  EXPECT_EQ(judged(kGood, provider(), "jwt").kind, Kind::good);
  EXPECT_EQ(judged(kGood, provider(), "").kind, Kind::good);
  EXPECT_EQ(judged(kGood, provider(), "logout+jwt").kind, Kind::not_here);
  EXPECT_EQ(judged(with("Bearer", "ID")).kind, Kind::not_here);
  const TokenVerdict narrow = judged(with("openid mail", "openid mails"));
  EXPECT_EQ(narrow.kind, Kind::not_here);
  EXPECT_TRUE(narrow.scope);
  EXPECT_EQ(judged(with(R"("scope":"openid mail")", R"("scp":["openid","mail"])")).kind, Kind::good);
}

TEST(OauthClaims, AreGoodForATime) {
  const auto at = [](int seconds) { return kNow + std::chrono::seconds(seconds); };
  EXPECT_EQ(judged(kGood, provider(), "", at(3659)).kind, Kind::good);
  EXPECT_EQ(judged(kGood, provider(), "", at(3660)).kind, Kind::ended);
  EXPECT_EQ(judged(kGood, provider(), "", at(-60)).kind, Kind::good);
  EXPECT_EQ(judged(kGood, provider(), "", at(-61)).kind, Kind::ended);
  EXPECT_EQ(judged(with("1795698000", "1795698000.5")).kind, Kind::good);
  EXPECT_EQ(judged(with("1795698000", "253402300799")).kind, Kind::good);  // the year 9999
  for (const char* wrong : {"\"1795698000\"", "-1", "1e300", "null", "999999999999999"}) {
    EXPECT_EQ(judged(with("1795698000", wrong)).kind, Kind::not_here) << wrong;
  }
}

TEST(OauthClaims, NameAccountsTheProviderMaySpeakFor) {
  Provider by = provider();
  by.account_claim = "preferred_username";
  EXPECT_THAT(judged(kGood, by).detail, HasSubstr("no claim preferred_username"));
  const std::string anna = with(R"("email":"Anna@Example.org")", R"("preferred_username":"anna")");
  EXPECT_EQ(judged(anna, by).kind, Kind::not_here);
  by.default_domain = "example.org";
  EXPECT_EQ(judged(anna, by).name, "anna@example.org");
  by.domains = {"example.net"};
  EXPECT_THAT(judged(anna, by).detail, HasSubstr("may not speak for"));
  by = provider();
  by.domains = {"example.org"};
  EXPECT_EQ(judged(kGood, by).kind, Kind::good);
  EXPECT_EQ(judged(with("Anna@Example.org", "anna@example.org@example.net"), by).kind, Kind::not_here);
  EXPECT_EQ(judged(with("Anna@Example.org", "a\\u0000b@example.org"), by).kind, Kind::not_here);
  EXPECT_EQ(judged(with(R"("typ":"Bearer")", R"("email_verified":false)")).kind, Kind::not_here);
  EXPECT_EQ(judged(with(R"("typ":"Bearer")", R"("email_verified":"false")")).kind, Kind::not_here);
  EXPECT_EQ(judged(with(R"("typ":"Bearer")", R"("email_verified":true)")).kind, Kind::good);
}

TEST(OauthDiscovery, IsReadForItsIssuerAlone) {
  constexpr std::string_view kText = R"({"issuer":"https://id.example.org","jwks_uri":"https://id.example.org/keys",
    "introspection_endpoint":"http://id.example.org/clear"})";
  const auto found = read_discovery(kText, "https://id.example.org");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->jwks, "https://id.example.org/keys");
  EXPECT_EQ(found->introspection, "");
  EXPECT_FALSE(read_discovery(kText, "https://id.example.net"));
  EXPECT_FALSE(read_discovery("5", ""));
}

}  // namespace
}  // namespace gatepost::oauth
