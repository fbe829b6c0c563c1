#include "smtp/protocol/reply.hpp"

#include <gtest/gtest.h>

#include "base/utf8.hpp"

namespace gatepost::smtp {
namespace {

std::string written(const Reply& reply) {
  std::string out;
  write(out, reply);
  return out;
}

Result<std::optional<Reply>> reply_read(std::string_view text, std::size_t piece = 0) {
  if (piece == 0) piece = text.size();
  ReplyReader reader;
  Result<std::optional<Reply>> result = std::nullopt;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    std::string_view part = text.substr(at, piece);
    result = reader.read(part);
    if (!result || *result) return result;
  }
  return result;
}

TEST(SmtpReply, PutsTheEnhancedCodeOnEveryLine) {
  EXPECT_EQ(written(make_reply(250, {2, 1, 5}, "ok")), "250 2.1.5 ok\r\n");
  EXPECT_EQ(written(make_reply(354, "go ahead")), "354 go ahead\r\n");
  EXPECT_EQ(written({214, EnhancedCode{2, 0, 0}, {"a", "b", ""}}), "214-2.0.0 a\r\n214-2.0.0 b\r\n214 2.0.0\r\n");
  EXPECT_EQ(written({250, std::nullopt, {}}), "250 \r\n");
}

TEST(SmtpReply, LetsNoTextBreakTheFraming) {
  EXPECT_EQ(written(make_reply(550, {5, 1, 1}, "a\r\n250 b\n\tc")), "550 5.1.1 a  250 b  c\r\n");
  std::string words;
  for (int i = 0; i < 300; ++i) words += "word ";
  for (const std::string& text :
       {std::string(2000, 'x'), words, std::string("\xe2\x82\xac") + std::string(700, 'y'), [] {
          std::string euros;
          for (int i = 0; i < 500; ++i) euros += "\xe2\x82\xac";
          return euros;
        }()}) {
    const std::string out = written(make_reply(550, {5, 1, 1}, text));
    std::string_view rest = out;
    while (!rest.empty()) {
      const std::size_t end = rest.find("\r\n") + 2;
      EXPECT_LE(end, kMaxReplyLineOctets);
      EXPECT_TRUE(utf8::is_valid(rest.substr(0, end)));
      rest.remove_prefix(end);
    }
    EXPECT_EQ((*reply_read(out))->code, 550);
  }
}

TEST(SmtpReply, SumsItselfUpInOneLine) {
  EXPECT_EQ((Reply{550, EnhancedCode{5, 1, 1}, {"no such", "user\x01\xff"}}).summary(),
            "550 5.1.1 no such user \xef\xbf\xbd");
  EXPECT_EQ(make_reply(421, "").summary(), "421");
}

TEST(SmtpReply, WritesChallengesInBase64) {
  std::string out;
  write_challenge(out, "Username:");
  write_challenge(out, "");
  EXPECT_EQ(out, "334 VXNlcm5hbWU6\r\n334 \r\n");
}

TEST(SmtpReplyReader, ReadsTheSameHoweverItIsCut) {
  const std::string_view text = "250-2.1.5 one\r\n250-2.1.5 two\r\n250-three\r\n250 2.1.5\r\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const auto reply = reply_read(text, piece);
    ASSERT_TRUE(reply && *reply);
    EXPECT_EQ(**reply, (Reply{250, EnhancedCode{2, 1, 5}, {"one", "two", "three", ""}}));
  }
}

TEST(SmtpReplyReader, StopsAtTheEndOfAReply) {
  ReplyReader reader;
  std::string_view input = "220 a\r\n250 b\r\n35";
  EXPECT_EQ((*reader.read(input))->lines[0], "a");
  EXPECT_EQ((*reader.read(input))->lines[0], "b");
  EXPECT_FALSE(reader.in_reply());
  EXPECT_EQ(*reader.read(input), std::nullopt);
  EXPECT_TRUE(reader.in_reply());
  input = "4\r\n";
  EXPECT_EQ((*reader.read(input))->code, 354);
  EXPECT_FALSE(reader.in_reply());
}

TEST(SmtpReplyReader, TakesTheFormsThatServersUse) {
  EXPECT_EQ((*reply_read("250\r\n"))->lines, std::vector<std::string>{""});
  EXPECT_EQ((*reply_read("250 ok\n"))->lines, std::vector<std::string>{"ok"});
  EXPECT_EQ((*reply_read("250 4.0.0 odd\r\n"))->enhanced, std::nullopt);
  EXPECT_EQ((*reply_read("250 2.0.0x\r\n"))->enhanced, std::nullopt);
  EXPECT_EQ((*reply_read("250 2.1000.0 x\r\n"))->enhanced, std::nullopt);
  EXPECT_EQ((*reply_read("550 5.7.512 x\r\n"))->enhanced, (EnhancedCode{5, 7, 512}));
}

TEST(SmtpReplyReader, RefusesWhatIsNoReply) {
  for (std::string_view text :
       {"hello\r\n", "25\r\n", "250x\r\n", "150 x\r\n", "650 x\r\n", "\r\n", "250-a\r\n550 b\r\n", "250-a\r\nx\r\n"}) {
    EXPECT_EQ(reply_read(text).error().code, Errc::invalid) << text;
  }
}

TEST(SmtpReplyReader, IsBounded) {
  EXPECT_EQ(reply_read("250 " + std::string(ReplyReader::kMaxLineOctets, 'x')).error().code, Errc::too_large);
  std::string lines;
  for (std::size_t i = 0; i < ReplyReader::kMaxLines; ++i) lines += "250-x\r\n";
  EXPECT_EQ(*reply_read(lines), std::nullopt);
  EXPECT_EQ(reply_read(lines + "250-x\r\n").error().code, Errc::too_large);
  std::string large;
  for (int i = 0; i < 20; ++i) large += "250-" + std::string(4000, 'x') + "\r\n";
  EXPECT_EQ(reply_read(large, 100).error().code, Errc::too_large);
}

TEST(SmtpCapabilities, ReadsWhatAServerOffers) {
  const auto reply = reply_read(
      "250-mx.example greets you\r\n250-PIPELINING\r\n250-size 1000\r\n250-8BITMIME\r\n250-BINARYMIME\r\n"
      "250-CHUNKING\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250-STARTTLS\r\n250-DSN\r\n250-X-OTHER y\r\n"
      "250-AUTH plain  LOGIN\r\n250 AUTH=LOGIN XOAUTH2\r\n");
  ASSERT_TRUE(reply && *reply);
  EXPECT_EQ(
      parse_ehlo(**reply),
      (Capabilities{
          "mx.example", true, true, true, true, true, true, true, true, true, 1000, {"PLAIN", "LOGIN", "XOAUTH2"}}));
  EXPECT_EQ(parse_ehlo({}), Capabilities{});
  EXPECT_EQ(parse_ehlo({250, std::nullopt, {"h", "SIZE 0", "SIZE x"}}).max_size, std::nullopt);
}

}  // namespace
}  // namespace gatepost::smtp
