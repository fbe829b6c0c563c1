#include "sasl/bearer.hpp"

#include <gtest/gtest.h>

namespace gatepost::sasl {
namespace {

using namespace std::string_literals;

template <class T>
std::optional<Errc> code(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

// RFC 7628 4.1, with its line breaks taken out.
TEST(SaslBearer, ReadsTheStandardsExample) {
  const auto message = parse_oauthbearer(
      "n,a=user@example.com,\x01host=server.example.com\x01port=143\x01"
      "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"s);
  ASSERT_TRUE(message) << message.error().detail;
  EXPECT_EQ(message->name, "user@example.com");
  EXPECT_EQ(message->token.reveal(), "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==");
}

TEST(SaslBearer, ReadsNamesAsTheHeaderEscapesThem) {
  auto message = parse_oauthbearer(
      "y,a=a=2Cb=3Dc,\x01"
      "auth=bearer  abc\x01\x01"s);
  ASSERT_TRUE(message) << message.error().detail;
  EXPECT_EQ(message->name, "a,b=c");
  EXPECT_EQ(message->token.reveal(), "abc");
  EXPECT_EQ(*parse_oauthbearer(write_oauthbearer(*message)), *message);
  message = parse_oauthbearer(
      "n,,\x01"
      "auth=\x01\x01"s);
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->name.empty() && message->token.empty());
}

TEST(SaslBearer, RefusesWhatBreaksTheGrammar) {
  for (const std::string& text : {
           ""s,
           "n"s,
           "n,"s,
           "n,,"s,
           "\x01"s,
           "n,,\x01"s,
           "n,,\x01\x01"s,
           "n,,\x01"
           "auth=Bearer a\x01"s,
           "n,,\x01"
           "auth=Bearer a\x01\x01more"s,
           "n,a=,\x01"
           "auth=Bearer a\x01\x01"s,
           "n,a=b=2c,\x01"
           "auth=Bearer a\x01\x01"s,
           "n,,\x01"
           "auth=Bearer a b\x01\x01"s,
           "n,,\x01"
           "auth=Bearer a\x01"
           "auth=Bearer a\x01\x01"s,
           "n,,\x01=x\x01"
           "auth=Bearer a\x01\x01"s,
       }) {
    EXPECT_EQ(code(parse_oauthbearer(text)), Errc::invalid) << text;
  }
  EXPECT_EQ(code(parse_oauthbearer("p=tls-exporter,,\x01"
                                   "auth=Bearer a\x01\x01"s)),
            Errc::unsupported);
  EXPECT_EQ(code(parse_oauthbearer("n,,\x01"
                                   "auth=MAC a\x01\x01"s)),
            Errc::unsupported);
  EXPECT_EQ(code(parse_oauthbearer(write_oauthbearer({"a", Secret(std::string(9000, 'a'))}))), Errc::invalid);
  EXPECT_EQ(code(parse_oauthbearer("n,,\x01" + std::string(10'000, 'a'))), Errc::invalid);
}

TEST(SaslBearer, ReadsTheOlderMechanism) {
  const auto message = parse_xoauth2(
      "user=anna@example.org\x01"
      "auth=Bearer ya29.a_b-c\x01\x01"s);
  ASSERT_TRUE(message) << message.error().detail;
  EXPECT_EQ(message->name, "anna@example.org");
  EXPECT_EQ(message->token.reveal(), "ya29.a_b-c");
  EXPECT_EQ(*parse_xoauth2(write_xoauth2(*message)), *message);
  EXPECT_EQ(code(parse_xoauth2("user=\x01"
                               "auth=Bearer a\x01\x01"s)),
            Errc::invalid);
  EXPECT_EQ(code(parse_xoauth2("auth=Bearer a\x01\x01"s)), Errc::invalid);
}

TEST(SaslBearer, SaysAllInOneMessage) {
  const auto exchange = make_bearer_exchange(Mechanism::oauthbearer);
  EXPECT_TRUE(std::holds_alternative<Challenge>(exchange->begin(std::nullopt)));
  const Step step = exchange->step(write_oauthbearer({"anna", Secret("abc")}));
  ASSERT_TRUE(std::holds_alternative<CheckToken>(step));
  EXPECT_EQ(std::get<CheckToken>(step).name, "anna");
  EXPECT_TRUE(std::holds_alternative<Failed>(exchange->step("more")));
}

TEST(SaslBearer, WritesARefusalAsJson) {
  EXPECT_EQ(write_token_refusal({"invalid_token", "", ""}), R"({"status":"invalid_token"})");
  EXPECT_EQ(write_token_refusal({"invalid_token", "a \"b\"\\", "https://id.example.org/\n"}),
            R"({"status":"invalid_token","scope":"a \"b\"\\","openid-configuration":"https://id.example.org/\u000a"})");
}

}  // namespace
}  // namespace gatepost::sasl
