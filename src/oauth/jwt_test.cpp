#include "oauth/jwt.hpp"
#include "base/base64.hpp"

#include <gtest/gtest.h>

#include "oauth/base64url.hpp"
#include "oauth/jwk.hpp"
#include "oauth/test_provider.hpp"

namespace gatepost::oauth {
namespace {

std::string token_of(std::string_view header, std::string_view claims = "{}", std::string_view signature = "x") {
  return base64::encode_url(header) + "." + base64::encode_url(claims) + "." + base64::encode_url(signature);
}

template <class T>
std::optional<Errc> code(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

TEST(OauthJwt, TakesATokenApart) {
  const std::string token = token_of(R"({"alg":"ES256","kid":"k1","typ":"application/AT+jwt"})", R"({"iss":"x"})");
  const auto jwt = parse_jwt(token);
  ASSERT_TRUE(jwt) << jwt.error().detail;
  EXPECT_EQ(jwt->algorithm, Algorithm::es256);
  EXPECT_EQ(jwt->key_id, "k1");
  EXPECT_EQ(jwt->type, "at+jwt");
  EXPECT_EQ(jwt->claims, R"({"iss":"x"})");
  EXPECT_EQ(jwt->signature, "x");
  EXPECT_EQ(std::string(jwt->signed_part) + "." + base64::encode_url("x"), token);
}

TEST(OauthJwt, TakesNoTokenThatAnybodyCouldHaveSigned) {
  for (const char* algorithm : {"none", "None", "HS256", "HS512", "es256", "", "RS1", "dir"}) {
    EXPECT_EQ(code(parse_jwt(token_of(fmt::format(R"({{"alg":"{}"}})", algorithm)))), Errc::invalid) << algorithm;
  }
  EXPECT_EQ(code(parse_jwt(token_of(R"({"typ":"JWT"})"))), Errc::invalid);
  EXPECT_EQ(code(parse_jwt(base64::encode_url(R"({"alg":"RS256"})") + "." + base64::encode_url("{}") + ".")),
            Errc::invalid);
}

TEST(OauthJwt, RefusesWhatIsNotOfItsForm) {
  const std::string good = token_of(R"({"alg":"RS256"})");
  EXPECT_TRUE(parse_jwt(good));
  for (const std::string& text :
       {std::string(), std::string("a.b"), std::string(".."), good + ".x", good + "=", "+" + good, " " + good,
        token_of("[]"), token_of("{"), std::string(20'000, 'a'), token_of(R"({"alg":["RS256"]})")}) {
    EXPECT_EQ(code(parse_jwt(text)), Errc::invalid) << text.substr(0, 100);
  }
  EXPECT_EQ(code(parse_jwt(token_of(R"({"alg":"RS256","crit":["exp"]})"))), Errc::unsupported);
}

TEST(OauthJwk, VerifiesByEachAlgorithmAndNothingElse) {
  for (const char* algorithm : {"RS256", "PS256", "ES256", "EdDSA"}) {
    const SigningKey key(algorithm), other(algorithm);
    const auto keys = read_jwks(fmt::format(R"({{"keys":[{}]}})", key.jwk("k1")));
    ASSERT_TRUE(keys && keys->size() == 1) << algorithm;
    const PublicKey& one = keys->front();
    const Algorithm by = *algorithm_named(algorithm);
    const std::string signature = key.sign("the text");
    EXPECT_TRUE(one.verifies(by, "the text", signature)) << algorithm;
    EXPECT_FALSE(one.verifies(by, "the texts", signature)) << algorithm;
    EXPECT_FALSE(one.verifies(by, "the text", other.sign("the text"))) << algorithm;
    EXPECT_FALSE(one.verifies(by, "the text", signature + "x")) << algorithm;
    EXPECT_FALSE(one.verifies(by, "the text", std::string(64, '\0'))) << algorithm;
    EXPECT_FALSE(one.verifies(by, "the text", "")) << algorithm;
    for (const Algorithm wrong : {Algorithm::rs256, Algorithm::ps256, Algorithm::es256, Algorithm::eddsa}) {
      if (wrong != by) EXPECT_FALSE(one.verifies(wrong, "the text", signature)) << algorithm;
    }
  }
}

TEST(OauthJwk, PassesOverKeysThatAreOfNoUse) {
  const SigningKey rsa("RS256"), weak("RS256", 1024), ec("ES256");
  const std::string zeros = base64::encode_url(std::string(32, '\0'));
  const std::string set = fmt::format(
      R"({{"keys":[{},{},{},{},{},{{"kty":"oct","k":"c2VjcmV0"}},{{"kty":"EC","crv":"P-256","x":"{}","y":"{}"}},5,{{"kty":"RSA"}}]}})",
      rsa.jwk("good"), weak.jwk("weak"), ec.jwk("for secrets", R"(,"use":"enc")"), ec.jwk("es", R"(,"alg":"ES256")"),
      ec.jwk("wrong", R"(,"alg":"RS256")"), zeros, zeros);
  const auto keys = read_jwks(set);
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 2u);
  EXPECT_EQ(keys->at(0).id, "good");
  EXPECT_EQ(keys->at(1).id, "es");
  EXPECT_TRUE(keys->at(1).suits(Algorithm::es256));
  EXPECT_EQ(code(read_jwks("{}")), Errc::invalid);
  EXPECT_EQ(code(read_jwks("[]")), Errc::invalid);
}

TEST(OauthJwk, KeepsAKeyToItsAlgorithm) {
  const SigningKey key("RS256");
  const auto keys = *read_jwks(fmt::format(R"({{"keys":[{}]}})", key.jwk("k", R"(,"alg":"PS256")")));
  EXPECT_FALSE(keys.front().verifies(Algorithm::rs256, "text", key.sign("text")));
}

// RFC 7515 A.3: made by others.
TEST(OauthJwk, VerifiesTheStandardsExample) {
  const auto keys = read_jwks(R"({"keys":[{"kty":"EC","crv":"P-256",
    "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})");
  ASSERT_TRUE(keys && keys->size() == 1);
  const auto jwt = parse_jwt(
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
      "cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
  ASSERT_TRUE(jwt) << jwt.error().detail;
  EXPECT_TRUE(keys->front().verifies(jwt->algorithm, jwt->signed_part, jwt->signature));
}

}  // namespace
}  // namespace gatepost::oauth
