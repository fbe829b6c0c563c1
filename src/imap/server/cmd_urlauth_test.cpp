#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "imap/server/test_support.hpp"

namespace gatepost::imap::server {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kBert = "bert@example.org", kBertsPassword = "the-password-of-bert";
constexpr std::string_view kUrlMessage =
    "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nSi vis pacem, para bellum.\r\n"
    "--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAECAwQF\r\n"
    "--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: x-blurdybloop\r\n\r\nabc\r\n--b--\r\n";

class ImapUrlAuth : public testing::Test {
 protected:
  ImapUrlAuth() {
    world.add(kBert, kBertsPassword);
    world.deliver(kUrlMessage);
    anna.enter();
    bert.enter(kBert, kBertsPassword);
  }
  static std::string rump(std::string_view path, std::string_view access = "anonymous") {
    return "imap://anna%40example.org@mail.example.org/" + std::string(path) + ";URLAUTH=" + std::string(access);
  }
  // Signed by Anna.
  std::string sign(std::string_view url) {
    const std::string answer = anna.line("g GENURLAUTH \"" + std::string(url) + "\" INTERNAL");
    const std::size_t begin = answer.find('"') + 1;
    EXPECT_THAT(answer, AllOf(StartsWith("* GENURLAUTH \"" + std::string(url) + ":internal:01"),
                              EndsWith("g OK GENURLAUTH completed\r\n")));
    return answer.substr(begin, answer.find('"', begin) - begin);
  }
  static std::string fetch(Talk& talk, std::string_view url) {
    std::string answer = talk.line("u URLFETCH \"" + std::string(url) + "\"");
    const std::string end = "u OK URLFETCH completed\r\n", begin = "* URLFETCH \"" + std::string(url) + "\" ";
    EXPECT_THAT(answer, AllOf(StartsWith(begin), EndsWith(end)));
    return answer.substr(begin.size(), answer.size() - begin.size() - end.size());
  }

  World world;
  Talk anna{world}, bert{world};
};

TEST_F(ImapUrlAuth, LetsOthersReadWhatTheUrlNames) {
  const std::string url = sign(rump("INBOX/;UID=1/;SECTION=1"));
  EXPECT_EQ(fetch(bert, url), "{26}\r\nSi vis pacem, para bellum.\r\n");
  EXPECT_EQ(fetch(anna, url), "{26}\r\nSi vis pacem, para bellum.\r\n");
  EXPECT_EQ(fetch(bert, sign(rump("INBOX/;UID=1/;SECTION=1/;PARTIAL=3.3"))), "{3}\r\nvis\r\n");
  EXPECT_THAT(fetch(bert, sign(rump("INBOX/;UID=1"))), StartsWith("{" + std::to_string(kUrlMessage.size()) + "}\r\n"));
  EXPECT_EQ(fetch(bert, sign(rump("INBOX/;UID=1/;SECTION=HEADER.FIELDS%20(Subject)"))),
            "{14}\r\nSubject: x\r\n\r\n\r\n");
}

TEST_F(ImapUrlAuth, TheTokenIsOfThisUrlAlone) {
  const std::string url = sign(rump("INBOX/;UID=1/;SECTION=1"));
  const std::string token = url.substr(url.find(":internal:"));
  EXPECT_EQ(fetch(bert, rump("INBOX/;UID=1/;SECTION=2") + token), "NIL\r\n");
  EXPECT_EQ(fetch(bert, rump("INBOX/;UID=1/;section=1") + token), "NIL\r\n");
  EXPECT_EQ(fetch(bert, url + "0"), "NIL\r\n");
  EXPECT_EQ(fetch(bert, rump("Nothing/;UID=1/;SECTION=1") + token), "NIL\r\n");
  EXPECT_EQ(fetch(bert, "imap://nobody@mail.example.org/INBOX/;UID=1;URLAUTH=anonymous" + token), "NIL\r\n");
  EXPECT_EQ(fetch(bert, "imap://anna%40example.org@mail.example.org/INBOX"), "NIL\r\n");
  EXPECT_EQ(fetch(bert, "/INBOX/;UID=1"), "NIL\r\n");
  // Signed, but not there.
  EXPECT_EQ(fetch(bert, sign(rump("INBOX/;UID=9"))), "NIL\r\n");
  EXPECT_EQ(fetch(bert, sign(rump("INBOX/;UID=1/;SECTION=7"))), "NIL\r\n");
}

TEST_F(ImapUrlAuth, TheUrlSaysWhoMayUseIt) {
  EXPECT_THAT(fetch(bert, sign(rump("INBOX/;UID=1/;SECTION=1", "authuser"))), StartsWith("{26}"));
  const std::string of_bert = sign(rump("INBOX/;UID=1/;SECTION=1", "user+bert%40example.org"));
  EXPECT_THAT(fetch(bert, of_bert), StartsWith("{26}"));
  EXPECT_EQ(fetch(anna, of_bert), "NIL\r\n");
  // No submission server signs in here.
  EXPECT_EQ(fetch(bert, sign(rump("INBOX/;UID=1/;SECTION=1", "submit+bert%40example.org"))), "NIL\r\n");
}

TEST_F(ImapUrlAuth, ExpiresAndCanBeRevoked) {
  const std::string soon = sign(rump("INBOX/;UID=1/;SECTION=1;EXPIRE=2026-01-01T00:10:00Z"));
  const std::string other = sign(rump("INBOX/;UID=1/;SECTION=1"));
  EXPECT_THAT(fetch(bert, soon), StartsWith("{26}"));
  world.clock.advance(std::chrono::minutes(11));
  EXPECT_EQ(fetch(bert, soon), "NIL\r\n");
  EXPECT_THAT(fetch(bert, other), StartsWith("{26}"));
  EXPECT_EQ(anna.line("r RESETKEY INBOX"), "r OK [URLMECH INTERNAL] The mailbox has another key\r\n");
  EXPECT_EQ(fetch(bert, other), "NIL\r\n");
  const std::string again = sign(rump("INBOX/;UID=1/;SECTION=1"));
  EXPECT_THAT(fetch(bert, again), StartsWith("{26}"));
  EXPECT_THAT(anna.line("s RESETKEY"), StartsWith("s OK"));
  EXPECT_EQ(fetch(bert, again), "NIL\r\n");
}

TEST_F(ImapUrlAuth, UndoesTheEncodingOfAPart) {
  const auto ask = [this](std::string_view path, std::string_view what) {
    const std::string url = sign(rump(path));
    const std::string answer = bert.line("u URLFETCH (\"" + url + "\" " + std::string(what) + ")");
    return answer.substr(answer.find("\" ") + 2);
  };
  EXPECT_EQ(ask("INBOX/;UID=1/;SECTION=2", "BINARY BODYPARTSTRUCTURE"),
            "(BODYPARTSTRUCTURE (\"image\" \"png\" NIL NIL NIL \"BINARY\" 6)) (BINARY ~{6}\r\n" +
                std::string("\0\1\2\3\4\5", 6) + ")\r\nu OK URLFETCH completed\r\n");
  EXPECT_THAT(
      ask("INBOX/;UID=1/;SECTION=2", "BODYPARTSTRUCTURE BODY"),
      AllOf(StartsWith("(BODYPARTSTRUCTURE (\"image\" \"png\" NIL NIL NIL \"base64\" 8)) (BODY {8}\r\nAAECAwQF)")));
  EXPECT_THAT(ask("INBOX/;UID=1/;SECTION=3", "BODYPARTSTRUCTURE BINARY"),
              AllOf(HasSubstr("\"x-blurdybloop\" 3"), HasSubstr("(BINARY NIL)")));
  EXPECT_THAT(ask("INBOX/;UID=1/;SECTION=200", "BODYPARTSTRUCTURE BODY"), StartsWith("NIL\r\n"));
  EXPECT_THAT(ask("INBOX/;UID=1", "BODYPARTSTRUCTURE"), StartsWith("(BODYPARTSTRUCTURE ((\"text\""));
}

TEST_F(ImapUrlAuth, RefusesToSignWhatIsNotTheUsers) {
  const auto refused = [this](std::string_view url, std::string_view mechanism = "INTERNAL") {
    return anna.line("g GENURLAUTH \"" + std::string(url) + "\" " + std::string(mechanism));
  };
  EXPECT_THAT(refused("imap://anna%40example.org@mail.example.org/INBOX/;UID=1"), StartsWith("g BAD"));
  EXPECT_THAT(refused("imap://mail.example.org/INBOX/;UID=1;URLAUTH=anonymous"), StartsWith("g BAD"));
  EXPECT_THAT(refused("imap://bert%40example.org@mail.example.org/INBOX/;UID=1;URLAUTH=anonymous"),
              StartsWith("g BAD"));
  EXPECT_THAT(refused("imap://anna%40example.org@elsewhere.example/INBOX/;UID=1;URLAUTH=anonymous"),
              StartsWith("g BAD"));
  EXPECT_THAT(refused(rump("Nothing/;UID=1")), StartsWith("g BAD"));
  EXPECT_THAT(refused(rump("INBOX")), StartsWith("g BAD"));
  EXPECT_THAT(refused(rump("INBOX/;UID=1"), "XSAMPLE"), StartsWith("g NO"));
  EXPECT_THAT(anna.line("r RESETKEY INBOX XSAMPLE"), StartsWith("r NO"));
  EXPECT_THAT(anna.line("r RESETKEY Nothing"), StartsWith("r NO [NONEXISTENT]"));
}

TEST_F(ImapUrlAuth, CatenateTakesTheMessagesOfOthers) {
  const std::string url = sign(rump("INBOX/;UID=1/;SECTION=1", "user+bert%40example.org"));
  EXPECT_THAT(bert.say("c APPEND Drafts CATENATE (TEXT {14+}\r\nSubject: y\r\n\r\n URL \"" + url + "\")\r\n"),
              HasSubstr("c OK [APPENDUID"));
  bert.line("s SELECT Drafts");
  EXPECT_THAT(bert.line("f FETCH 1 BODY.PEEK[]"), HasSubstr("Subject: y\r\n\r\nSi vis pacem, para bellum."));
  EXPECT_THAT(anna.line("d APPEND Drafts CATENATE (URL \"" + url + "\")"), StartsWith("d NO [BADURL "));
}

TEST_F(ImapUrlAuth, ALargeMessagePassesWhole) {
  const std::string large = "Subject: large\r\n\r\n" + std::string(700'000, 'x');
  world.deliver(large);
  EXPECT_EQ(fetch(bert, sign(rump("INBOX/;UID=2"))), "{" + std::to_string(large.size()) + "}\r\n" + large + "\r\n");
}

}  // namespace
}  // namespace gatepost::imap::server
