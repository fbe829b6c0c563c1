#include "oauth/verifier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.hpp"
#include "oauth/test_provider.hpp"

namespace gatepost::oauth {
namespace {

using directory::TokenVerdict;
using Kind = TokenVerdict::Kind;
using ::testing::HasSubstr;

constexpr const char* kDiscovery = "https://id.example.org/.well-known/openid-configuration";
constexpr const char* kKeys = "https://id.example.org/keys";
constexpr const char* kAsk = "https://id.example.org/ask";

class OauthVerifier : public testing::Test {
 protected:
  OauthVerifier() {
    web.pages[kDiscovery] = {200, R"({"issuer":"https://id.example.org","jwks_uri":"https://id.example.org/keys",
                 "introspection_endpoint":"https://id.example.org/ask"})"};
    publish(first.jwk("k1"));
  }
  static Provider by_keys() {
    return {.name = "id", .issuer = "https://id.example.org", .discovery = kDiscovery, .audiences = {"mail"}};
  }
  static Provider by_asking() {
    Provider out = by_keys();
    out.check = Provider::Check::introspection;
    return out;
  }
  void publish(const std::string& keys) { web.pages[kKeys] = {200, fmt::format(R"({{"keys":[{}]}})", keys)}; }
  std::string claims(std::string_view more = {}) const {
    const auto at = std::chrono::duration_cast<std::chrono::seconds>(clock.now().time_since_epoch()).count() + 3600;
    return fmt::format(R"({{"iss":"https://id.example.org","aud":"mail","exp":{},"email":"anna@example.org"{}}})", at,
                       more);
  }
  TokenVerdict verify(Verifier& by, const std::string& token) { return by.verify(Secret(token)); }
  std::unique_ptr<Verifier> verifier(std::vector<Provider> providers) {
    return std::make_unique<Verifier>(std::move(providers), web, clock, random, log, metrics);
  }

  ManualClock clock;
  SystemRandom random;
  MemorySink sink;
  Log log{sink, clock};
  Metrics metrics;
  TestWeb web;
  SigningKey first{"ES256"}, second{"ES256"};
};

TEST_F(OauthVerifier, BelievesWhatTheProviderSigned) {
  auto one = verifier({by_keys()});
  for (int i = 0; i < 3; ++i) {
    const TokenVerdict verdict = verify(*one, first.token("k1", claims()));
    EXPECT_EQ(verdict.kind, Kind::good) << verdict.detail;
    EXPECT_EQ(verdict.name, "anna@example.org");
  }
  EXPECT_EQ(verify(*one, first.token("", claims())).kind, Kind::good);
  EXPECT_EQ(web.asked[kKeys], 1);
  EXPECT_EQ(verify(*one, second.token("k1", claims())).kind, Kind::bad);
  std::string changed = first.token("k1", claims());
  changed[changed.find('.') + 20] = changed[changed.find('.') + 20] == 'A' ? 'B' : 'A';
  EXPECT_NE(verify(*one, changed).kind, Kind::good);
  EXPECT_EQ(verify(*one, "opaque").kind, Kind::bad);
  EXPECT_EQ(verify(*one, first.token("k1", R"({"iss":"https://elsewhere.example"})")).kind, Kind::bad);
  EXPECT_THAT(metrics.text(), HasSubstr("gatepost_oauth_tokens_total{provider=\"id\",outcome=\"good\"} 4"));
}

TEST_F(OauthVerifier, ReadsKeysAgainWhenOneIsNewButNotForEverybodyWhoAsks) {
  auto one = verifier({by_keys()});
  EXPECT_EQ(verify(*one, first.token("k1", claims())).kind, Kind::good);
  // Somebody names keys that are not there: one more look in a minute at most.
  clock.advance(std::chrono::seconds(61));
  for (int i = 0; i < 20; ++i) (void)verify(*one, second.token("made-up-" + std::to_string(i), claims()));
  EXPECT_EQ(web.asked[kKeys], 2);
  publish(first.jwk("k1") + "," + second.jwk("k2"));
  EXPECT_EQ(verify(*one, second.token("k2", claims())).kind, Kind::unchecked);
  clock.advance(std::chrono::seconds(61));
  EXPECT_EQ(verify(*one, second.token("k2", claims())).kind, Kind::good);
  EXPECT_EQ(web.asked[kKeys], 3);
  EXPECT_EQ(verify(*one, first.token("k1", claims())).kind, Kind::good);
  // A key that is withdrawn is not believed any more once the rest is old.
  publish(second.jwk("k2"));
  clock.advance(std::chrono::hours(1));
  EXPECT_EQ(verify(*one, first.token("k1", claims())).kind, Kind::bad);
}

TEST_F(OauthVerifier, GoesOnForADayWithoutTheProvider) {
  auto one = verifier({by_keys()});
  EXPECT_EQ(verify(*one, first.token("k1", claims())).kind, Kind::good);
  web.away = true;
  clock.advance(std::chrono::hours(20));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(verify(*one, first.token("k1", claims())).kind, Kind::good);
  EXPECT_EQ(web.asked[kDiscovery], 2);
  clock.advance(std::chrono::hours(6));
  EXPECT_EQ(verify(*one, first.token("k1", claims())).kind, Kind::unchecked);
  web.away = false;
  clock.advance(std::chrono::minutes(2));
  EXPECT_EQ(verify(*one, first.token("k1", claims())).kind, Kind::good);
}

TEST_F(OauthVerifier, SaysThatItCannotTellWhileThereAreNoKeys) {
  auto one = verifier({by_keys()});
  web.away = true;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(verify(*one, first.token("k1", claims())).kind, Kind::unchecked);
  EXPECT_EQ(web.asked[kDiscovery], 1);
  web.away = false;
  web.pages[kKeys] = {200, "<html>"};
  clock.advance(std::chrono::seconds(11));
  EXPECT_EQ(verify(*one, first.token("k1", claims())).kind, Kind::unchecked);
  web.pages[kDiscovery].body = R"({"issuer":"https://liar.example","jwks_uri":"https://id.example.org/keys"})";
  clock.advance(std::chrono::seconds(11));
  EXPECT_THAT(verify(*one, first.token("k1", claims())).detail, HasSubstr("liar.example"));
}

TEST_F(OauthVerifier, GivesUpOnAProviderWhoseSilenceIsLongerThanThePause) {
  Provider hasty = by_asking();
  hasty.refetch_after = std::chrono::seconds(1);
  auto one = verifier({hasty});
  web.away = true;
  web.takes = [this] { clock.advance(std::chrono::seconds(5)); };
  EXPECT_EQ(verify(*one, "opaque").kind, Kind::unchecked);
  EXPECT_EQ(web.asked[kDiscovery], 1);
  one->set_providers({by_keys()});
  EXPECT_EQ(verify(*one, first.token("k1", claims())).kind, Kind::unchecked);
  EXPECT_EQ(web.asked[kDiscovery], 2);
}

TEST_F(OauthVerifier, AsksNobodyAboutTokensThatCouldNotLetIn) {
  auto one = verifier({by_keys()});
  EXPECT_EQ(verify(*one, second.token("k9", R"({"iss":"https://id.example.org","aud":"mail","exp":1})")).kind,
            Kind::ended);
  EXPECT_TRUE(web.asked.empty());
}

TEST_F(OauthVerifier, AsksTheProviderAndRemembersWhatItSaidForAWhile) {
  auto one = verifier({by_asking()});
  int questions = 0;
  std::string active = "true";
  web.about = [&](const std::string& form) {
    ++questions;
    EXPECT_EQ(form, "token=opaque%2B1&token_type_hint=access_token");
    return fmt::format(R"({{"active":{},"email":"anna@example.org"}})", active);
  };
  for (int i = 0; i < 5; ++i) {
    const TokenVerdict verdict = verify(*one, "opaque+1");
    EXPECT_EQ(verdict.kind, Kind::good) << verdict.detail;
    EXPECT_EQ(verdict.ends, TimePoint{});
  }
  EXPECT_EQ(questions, 1);
  active = "false";
  clock.advance(std::chrono::seconds(61));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(verify(*one, "opaque+1").kind, Kind::bad);
  EXPECT_EQ(questions, 2);
  active = "5";
  clock.advance(std::chrono::seconds(31));
  EXPECT_EQ(verify(*one, "opaque+1").kind, Kind::unchecked);
  EXPECT_EQ(web.asked[kDiscovery], 1);
}

TEST_F(OauthVerifier, FindsTheProviderOfAToken) {
  Provider other = by_asking();
  other.name = "other";
  other.issuer.clear();
  other.introspection = kAsk;
  auto one = verifier({by_keys(), other});
  EXPECT_EQ(verify(*one, first.token("k1", claims())).kind, Kind::good);
  web.about = [&](const std::string& form) {
    return form.starts_with("token=opaque") ? R"({"active":true,"email":"ben@example.org"})" : R"({"active":false})";
  };
  EXPECT_EQ(verify(*one, "opaque").name, "ben@example.org");
  EXPECT_EQ(verify(*one, "unknown").kind, Kind::bad);
  one->set_providers({by_keys()});
  EXPECT_EQ(verify(*one, "opaque").kind, Kind::bad);
  EXPECT_EQ(verify(*one, first.token("k1", claims())).kind, Kind::good);
  EXPECT_EQ(web.asked[kKeys], 1) << "what was read is kept";
  one->set_providers({});
  EXPECT_FALSE(one->any());
}

TEST(OauthAnswers, HoldABoundedNumber) {
  ManualClock clock;
  SystemRandom random;
  Answers answers(clock, random);
  for (std::size_t i = 0; i < Answers::kMaxEntries + 1000; ++i)
    answers.remember("id", Secret(std::to_string(i)), {.kind = Kind::good}, std::chrono::seconds(60));
  EXPECT_LE(answers.size(), Answers::kMaxEntries);
  EXPECT_FALSE(answers.find("id", Secret("0")));
  EXPECT_TRUE(answers.find("id", Secret("20999")));
  EXPECT_FALSE(answers.find("other", Secret("20999")));
  clock.advance(std::chrono::seconds(60));
  EXPECT_FALSE(answers.find("id", Secret("20999")));
  answers.remember("id", Secret("new"), {.kind = Kind::good}, std::chrono::seconds(60));
  EXPECT_EQ(answers.size(), 1u);
}

}  // namespace
}  // namespace gatepost::oauth
