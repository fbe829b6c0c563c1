#include "acme/messages.hpp"
#include "base/base64.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "acme/explain.hpp"
#include "acme/jws.hpp"
#include "acme/transport.hpp"
#include "base/bytes.hpp"
#include "base/clock.hpp"

namespace gatepost::acme {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(AcmeMessages, ReadADirectory) {
  const auto read = read_directory(R"({"newNonce":"https://a/n","newAccount":"https://a/c","newOrder":"https://a/o",)"
                                   R"("renewalInfo":"https://a/r","meta":{"externalAccountRequired":true}})");
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->renewal_info, "https://a/r");
  EXPECT_TRUE(read->needs_external_account);
  EXPECT_FALSE(read_directory("<html>"));
  EXPECT_FALSE(read_directory("{}"));
  // Plain HTTP is never followed.
  EXPECT_FALSE(read_directory(R"({"newNonce":"http://a/n","newAccount":"https://a/c","newOrder":"https://a/o"})"));
}

TEST(AcmeMessages, LeaveOutChallengesWithBadTokens) {
  const auto read =
      read_authorization(R"({"status":"pending","identifier":{"type":"dns","value":"Mail.example.org"},"challenges":[)"
                         R"({"type":"http-01","url":"https://a/1","token":"../../../../etc/passwd-padding"},)"
                         R"({"type":"http-01","url":"https://a/2","token":"short"},)"
                         R"({"type":"dns-01","url":"https://a/3","token":"evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ"}]})");
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->name, "mail.example.org");
  ASSERT_EQ(read->challenges.size(), 1U);
  EXPECT_EQ(read->challenges[0].type, "dns-01");
}

TEST(AcmeMessages, KeepTextsOfStrangersPrintable) {
  const auto problem = read_problem("{\"type\":\"urn:ietf:params:acme:error:dns\",\"detail\":\"a\\u001b[2Jb\"}");
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->detail, "a [2Jb");
  EXPECT_EQ(problem->kind(), "dns");
}

TEST(AcmeMessages, ReadAWindowThatIsOne) {
  const auto read = read_renewal_info(
      R"({"suggestedWindow":{"start":"2026-01-02T04:00:00Z","end":"2026-01-03T04:00:00Z"},"explanationURL":"https://a"})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->end - read->start, std::chrono::hours(24));
  EXPECT_FALSE(
      read_renewal_info(R"({"suggestedWindow":{"start":"2026-01-03T04:00:00Z","end":"2026-01-02T04:00:00Z"}})"));
  EXPECT_FALSE(read_renewal_info("{}"));
}

// The example of RFC 9773 4.1.
TEST(AcmeMessages, CallACertificateAsTheRfcDoes) {
  const std::string key = *from_hex("69885b6b87464041e1b37b847bd0ae2cde01c8d4");
  EXPECT_EQ(renewal_id(key, *from_hex("0087654321")), "aYhba4dGQEHhs3uEe9CuLN4ByNQ.AIdlQyE");
}

TEST(AcmeMessages, ReadHowLongToWait) {
  const ManualClock clock;
  EXPECT_EQ(read_retry_after("120", clock.now()), seconds(120));
  EXPECT_EQ(read_retry_after("Thu, 01 Jan 2026 00:01:00 GMT", clock.now()), seconds(60));
  EXPECT_EQ(read_retry_after("Thu, 01 Jan 2015 00:01:00 GMT", clock.now()), seconds(0));
  EXPECT_EQ(read_retry_after("4000000000", clock.now()), std::chrono::days(7));
  EXPECT_EQ(read_retry_after("soon", clock.now()), seconds(0));
  EXPECT_EQ(read_retry_after("", clock.now()), seconds(0));
}

TEST(AcmeHeaders, AreReadLineByLine) {
  HttpResponse response;
  for (const char* line : {"HTTP/1.1 100 Continue\r\n", "Replay-Nonce: old\r\n", "HTTP/2 200\r\n",
                           "Replay-Nonce:  abc \r\n", "content-type: Application/JSON; charset=utf-8\r\n",
                           "Link: <https://a/1>;rel=\"alternate\", <https://a/up>;rel=\"up\"\r\n",
                           "Link: <https://a/2>; rel=alternate\r\n", "no colon\r\n", "\r\n"})
    take_header(line, response);
  EXPECT_EQ(response.nonce, "abc");
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_THAT(response.alternates, ElementsAre("https://a/1", "https://a/2"));
}

TEST(AcmeExplanation, NamesCauseAndCure) {
  const auto of = [](const char* kind, const char* detail = "x") {
    return Problem{.type = std::string("urn:ietf:params:acme:error:") + kind, .detail = detail};
  };
  EXPECT_THAT(explain_challenge("http-01", "a.org", of("connection", "Connection refused")).remedy,
              HasSubstr("nothing answers on port 80"));
  EXPECT_THAT(explain_challenge("http-01", "a.org", of("connection", "Timeout")).remedy, HasSubstr("gate who 80"));
  EXPECT_THAT(explain_challenge("tls-alpn-01", "a.org", of("connection")).cause, HasSubstr("port 443 of a.org"));
  EXPECT_THAT(explain_challenge("http-01", "a.org", of("dns", "NXDOMAIN")).remedy, HasSubstr("A or AAAA record"));
  EXPECT_THAT(explain_challenge("http-01", "a.org", of("unauthorized")).cause, HasSubstr("somebody else"));
  EXPECT_THAT(explain_challenge("http-01", "a.org", of("unauthorized", "Failed to connect to 192.0.2.1:80")).cause,
              HasSubstr("could not connect to port 80"));
  EXPECT_THAT(explain_challenge("dns-01", "a.org", of("unauthorized")).cause, HasSubstr("_acme-challenge.a.org"));
  EXPECT_THAT(explain_challenge("http-01", "a.org", of("caa")).remedy, HasSubstr("CAA"));
  EXPECT_THAT(explain(of("rateLimited"), seconds(60)).remedy, HasSubstr("wait"));
  EXPECT_THAT(explain(of("accountDoesNotExist")).cause, HasSubstr("does not know this server's account"));
  EXPECT_THAT(explain({.type = "", .detail = "", .status = 503}).remedy, HasSubstr("tried again"));
  Problem several = of("compound");
  several.subproblems.push_back(of("caa", "issue \"other.org\""));
  several.subproblems.back().name = "b.org";
  EXPECT_THAT(explain(several).cause, HasSubstr("b.org: a CAA record"));
}

// RFC 7515 A.3 has the key, RFC 7638 3 the way it is hashed; the value is that of another implementation.
TEST(AcmeSignatures, ThumbprintAndTokenAreJoined) {
  const auto key = certificates::Key::make(certificates::KeyKind::p256);
  const std::string print = *thumbprint(*key);
  EXPECT_EQ(print.size(), 43U);
  EXPECT_EQ(*key_authorization("token", *key), "token." + print);
  EXPECT_TRUE(jwk(*key)->starts_with(R"({"crv":"P-256","kty":"EC","x":")"));
  EXPECT_EQ(*from_base64url(base64::encode_url(std::string("\xff\xfe\x00?", 4))), std::string("\xff\xfe\x00?", 4));
  EXPECT_FALSE(from_base64url("a b"));
  EXPECT_FALSE(jwk(*certificates::Key::make(certificates::KeyKind::p384)));
}

}  // namespace
}  // namespace gatepost::acme
