#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/check.hpp"
#include "config/test_support.hpp"

namespace gatepost::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// All that is found about tokens, one a line.
std::string oauth_problems(const std::string& text) {
  LoadOutcome loaded = load_text(std::string(kSelfSignedStart) + text, "x.toml");
  if (loaded.ok()) check_oauth_values(loaded.config, loaded.problems);
  std::string out;
  for (const Problem& one : loaded.problems) out += one.text() + "\n";
  return out;
}

constexpr const char* kKeycloak = R"([[oauth.provider]]
name = "keycloak"
issuer = "https://id.example.org/realms/staff"
audience = "mail"
scopes = ["mail", "openid"]
domains = ["Example.org"]
)";

TEST(ConfigOauth, ReadsAProviderAndFindsItsDiscoveryDocument) {
  EXPECT_THAT(oauth_problems(kKeycloak), IsEmpty());
  const LoadOutcome loaded = load_text(std::string(kSelfSignedStart) + kKeycloak, "x.toml");
  ASSERT_EQ(loaded.config.oauth.providers.size(), 1u);
  const OauthProvider& one = loaded.config.oauth.providers.front();
  EXPECT_EQ(one.discovery, "https://id.example.org/realms/staff/.well-known/openid-configuration");
  EXPECT_EQ(one.domains, std::vector<std::string>{"example.org"});
  EXPECT_EQ(one.account_claim, "email");
}

TEST(ConfigOauth, SaysWhatIsMissing) {
  EXPECT_THAT(oauth_problems("[[oauth.provider]]\nname = \"a\"\n"), HasSubstr("issuer: is missing"));
  EXPECT_THAT(oauth_problems("[[oauth.provider]]\nname = \"a\"\n"), HasSubstr("audience: is missing"));
  EXPECT_THAT(oauth_problems("[[oauth.provider]]\nissuer = \"https://a\"\n"), HasSubstr("name: missing"));
  EXPECT_THAT(oauth_problems("[[oauth.provider]]\nname = \"a\"\ncheck = \"introspection\"\n"),
              HasSubstr("introspection: is missing"));
  EXPECT_THAT(oauth_problems("[[oauth.provider]]\nname = \"a\"\ncheck = \"introspection\"\n"
                             "introspection = \"https://a/b\"\nclient_id = \"gatepost\"\n"),
              HasSubstr("goes with client_secret_file"));
  EXPECT_THAT(oauth_problems(std::string(kKeycloak) + kKeycloak), HasSubstr("taken by another"));
}

TEST(ConfigOauth, TakesNothingThatIsReadInClear) {
  EXPECT_THAT(oauth_problems("[[oauth.provider]]\nname = \"a\"\nissuer = \"http://a\"\n"), HasSubstr("no https://"));
  EXPECT_THAT(oauth_problems("[[oauth.provider]]\nname = \"a\"\njwks = \"file:///etc/passwd\"\n"),
              HasSubstr("no https://"));
}

TEST(ConfigOauth, WarnsWhereNoTokenWouldBeTaken) {
  EXPECT_THAT(oauth_problems("[auth]\nmechanisms = [\"PLAIN\"]\n" + std::string(kKeycloak)),
              HasSubstr("neither OAUTHBEARER nor XOAUTH2"));
  EXPECT_THAT(oauth_problems(std::string(kKeycloak) + "default_domain = \"example.net\"\n"),
              HasSubstr("is not among domains"));
}

}  // namespace
}  // namespace gatepost::config
