#include "acme/dns_message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "base/clock.hpp"

namespace gatepost::acme::dns {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kKeyFile =
    "# a comment\nkey \"Acme-Key\" {\n  algorithm hmac-sha256; // another\n"
    "  secret \"c2VjcmV0LW9mLXRoZS10ZXN0LTAxMjM0NTY3ODlhYmM=\";\n};\n";
// An update of _acme-challenge.mail.example.org, its signature and the answer to it, by another implementation.
constexpr std::string_view kUpdate =
    "123428000001000000010000076578616d706c65036f726700000600010f5f61636d652d6368616c6c656e6765046d61696cc00c0010000100"
    "00003c000403616263";
constexpr std::string_view kSigned =
    "123428000001000000010001076578616d706c65036f726700000600010f5f61636d652d6368616c6c656e6765046d61696cc00c0010000100"
    "00003c0004036162630861636d652d6b65790000fa00ff00000000003d0b686d61632d7368613235360000006955b900012c002020939cdcc7"
    "77be55bc517427d12bfc3fab3f2ffe64db50f12e678d01785cefbd123400000000";
constexpr std::string_view kAnswer =
    "1234a8000001000000000001076578616d706c65036f726700000600010861636d652d6b65790000fa00ff00000000003d0b686d61632d7368"
    "613235360000006955b901012c002033b355d1fa7dc0d20f5692bb6b3046b3f29e04d3506fa840645e7be7785328c3123400000000";

TEST(TsigKeyFile, IsReadAsTsigKeygenWritesIt) {
  const auto key = read_key_file(kKeyFile);
  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_EQ(key->name, "acme-key");
  EXPECT_EQ(key->secret.reveal(), "secret-of-the-test-0123456789abc");
  EXPECT_EQ(read_key_file("key a { algorithm hmac-md5; secret \"YQ==\"; };").error().code, Errc::unsupported);
  EXPECT_FALSE(read_key_file(""));
  EXPECT_FALSE(read_key_file("key \"a\" { secret \"YQ==\";"));
  EXPECT_FALSE(read_key_file("key \"a\" { algorithm hmac-sha256; };"));
  EXPECT_FALSE(read_key_file("key \"a..b\" { secret \"YQ==\"; };"));
}

TEST(Tsig, SignsAsAnotherImplementationDoes) {
  const auto key = read_key_file(kKeyFile);
  std::string message = *from_hex(kUpdate);
  std::string mac;
  ASSERT_TRUE(sign(message, *key, ManualClock().now(), mac));
  EXPECT_EQ(to_hex(message), kSigned);
  EXPECT_EQ(to_hex(mac), "20939cdcc777be55bc517427d12bfc3fab3f2ffe64db50f12e678d01785cefbd");
}

TEST(Tsig, TrustsTheAnswerToThatRequestAlone) {
  const ManualClock clock;
  const auto key = read_key_file(kKeyFile);
  std::string request = *from_hex(kUpdate), mac;
  ASSERT_TRUE(sign(request, *key, clock.now(), mac));
  std::string answer = *from_hex(kAnswer);
  const Result<> good = verify(answer, *key, clock.now(), mac);
  ASSERT_TRUE(good) << good.error().detail;
  EXPECT_EQ(read_answer(answer)->code, 0);

  std::string other = *from_hex(kAnswer);
  EXPECT_THAT(verify(other, *key, clock.now(), std::string(32, 'x')).error().detail, HasSubstr("signature"));
  other = *from_hex(kAnswer);
  other[3] = 5;  // REFUSED
  EXPECT_FALSE(verify(other, *key, clock.now(), mac));
  other = *from_hex(kAnswer);
  EXPECT_THAT(verify(other, *key, clock.now() + std::chrono::hours(1), mac).error().detail, HasSubstr("clocks"));
  other = answer;
  EXPECT_THAT(verify(other, *key, clock.now(), mac).error().detail, HasSubstr("not signed"));
  auto stranger = read_key_file("key \"other\" { algorithm hmac-sha256; secret \"YQ==\"; };");
  other = *from_hex(kAnswer);
  EXPECT_THAT(verify(other, *stranger, clock.now(), mac).error().detail, HasSubstr("another key"));
}

TEST(DnsUpdate, IsWrittenAsTheRfcSays) {
  const auto add = write_update(0x1234, {"example.org", "_acme-challenge.mail.example.org", "abc"});
  ASSERT_TRUE(add);
  EXPECT_EQ(to_hex(*add).substr(0, 24), "123428000001000000010000");
  EXPECT_THAT(to_hex(*add), HasSubstr("00100001"
                                      "0000003c"
                                      "000403616263"));
  const auto remove = write_update(0x1234, {"example.org", "_acme-challenge.mail.example.org", "abc", false});
  EXPECT_THAT(to_hex(*remove), HasSubstr("001000fe"
                                         "00000000"
                                         "000403616263"));
  EXPECT_FALSE(write_update(1, {"example.org", "a", std::string(256, 'a')}));
  EXPECT_FALSE(write_update(1, {"example..org", "a", "a"}));
  EXPECT_FALSE(write_query(1, std::string(64, 'a') + ".org", Type::soa));
}

TEST(DnsAnswer, IsReadWithPointersAndRefusedWithLoops) {
  std::string answer = *from_hex(
      "12348180000100020000000004"
      "6d61696c"
      "03"
      "6f7267"
      "00"
      "0010"
      "0001"
      "c00c"
      "0010"
      "0001"
      "0000003c"
      "0008"
      "03616263"
      "03646566"
      "c011"
      "0006"
      "0001"
      "0000003c"
      "0002"
      "c011");
  const auto read = read_answer(answer);
  ASSERT_TRUE(read) << read.error().detail;
  ASSERT_EQ(read->answers.size(), 2U);
  EXPECT_EQ(read->answers[0].name, "mail.org");
  EXPECT_EQ(read->answers[0].text, "abcdef");
  EXPECT_EQ(read->answers[1].name, "org");
  for (std::size_t size = 0; size < answer.size(); ++size) (void)read_answer(answer.substr(0, size));
  // A name that points at itself.
  EXPECT_FALSE(
      read_answer(*from_hex("123481800001000000000000"
                            "c00c"
                            "0010"
                            "0001")));
  EXPECT_FALSE(read_answer(*from_hex("123401800000000000000000")));  // a question
}

TEST(DnsMessage, ReadsWhereAnAliasLeads) {
  // a.org CNAME b.org, the target compressed.
  const std::string head =
      "123481800001000100000000"
      "0161036f726700"
      "0005"
      "0001"
      "c00c"
      "0005"
      "0001"
      "0000003c";
  const auto read = read_answer(*from_hex(head + "0004"
                                                 "0142"
                                                 "c00e"));
  ASSERT_TRUE(read) << read.error().detail;
  ASSERT_EQ(read->answers.size(), 1U);
  EXPECT_EQ(read->answers[0].type, Type::cname);
  EXPECT_EQ(read->answers[0].name, "a.org");
  EXPECT_EQ(read->answers[0].text, "b.org");
  EXPECT_FALSE(read_answer(*from_hex(head + "0005"
                                            "0142"
                                            "c00e"
                                            "00")));
  EXPECT_FALSE(read_answer(*from_hex(head + "0003"
                                            "0142"
                                            "c00e")));
}

}  // namespace
}  // namespace gatepost::acme::dns
