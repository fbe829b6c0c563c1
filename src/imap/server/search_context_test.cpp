#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "imap/server/test_support.hpp"

namespace gatepost::imap::server {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string mail_of_day(std::string_view subject, int day) {
  return "Subject: " + std::string(subject) + "\r\nDate: " + std::to_string(day) + " Mar 2026 10:00:00 +0000\r\n\r\n";
}

class ImapContext : public testing::Test {
 protected:
  ImapContext() {
    world.deliver(mail_of_day("a", 2));
    world.deliver(mail_of_day("b", 4));
    world.deliver(mail_of_day("c", 6));
    talk.enter();
    talk.line("s SELECT INBOX");
    other.enter();
    other.line("s SELECT INBOX");
  }
  std::string news() { return talk.line("n NOOP"); }
  World world;
  Talk talk{world}, other{world};
};

TEST_F(ImapContext, TellsWhatComesIntoAResultAndLeavesIt) {
  EXPECT_EQ(talk.line("c UID SEARCH RETURN (UPDATE COUNT) UNSEEN"),
            "* ESEARCH (TAG \"c\") UID COUNT 3\r\nc OK SEARCH completed\r\n");
  world.deliver(mail_of_day("d", 1));
  EXPECT_THAT(news(), HasSubstr("* 4 EXISTS\r\n"));
  other.line("t STORE 2 +FLAGS (\\Seen)");
  EXPECT_THAT(news(), HasSubstr("* ESEARCH (TAG \"c\") UID REMOVEFROM (0 2)\r\n"));
  other.line("t STORE 2 -FLAGS (\\Seen)");
  EXPECT_THAT(news(), HasSubstr("* ESEARCH (TAG \"c\") UID ADDTO (0 2)\r\n"));
  other.line("t STORE 2 +FLAGS (\\Flagged)");
  EXPECT_THAT(news(), Not(HasSubstr("ESEARCH")));
}

TEST_F(ImapContext, ATagNamesOneResult) {
  talk.line("c SEARCH RETURN (UPDATE COUNT) UNSEEN");
  EXPECT_THAT(talk.line("c SEARCH RETURN (UPDATE COUNT) ALL"), testing::StartsWith("c BAD"));
  EXPECT_THAT(talk.line("c SORT RETURN (UPDATE) (DATE) UTF-8 ALL"), testing::StartsWith("c BAD"));
  EXPECT_THAT(talk.line("c SEARCH RETURN (COUNT) ALL"), HasSubstr("COUNT 3"));
  talk.line("x CANCELUPDATE \"c\"");
  EXPECT_THAT(talk.line("c SEARCH RETURN (UPDATE COUNT) ALL"), HasSubstr("COUNT 3"));
}

TEST_F(ImapContext, ResultsByNumberEndWhereNumbersDo) {
  talk.line("c SEARCH RETURN (UPDATE COUNT) UNSEEN");
  talk.line("d UID SEARCH RETURN (UPDATE COUNT) UNSEEN");
  EXPECT_THAT(talk.line("e ENABLE UIDONLY"), HasSubstr("* NO [NOUPDATE \"c\"]"));
  other.line("t STORE 2 +FLAGS (\\Seen)");
  EXPECT_THAT(news(), testing::AllOf(HasSubstr("(TAG \"d\") UID REMOVEFROM (0 2)"), Not(HasSubstr("TAG \"c\""))));
}

TEST_F(ImapContext, TellsOfNewMail) {
  talk.line("c SEARCH RETURN (UPDATE) SUBJECT d");
  world.deliver(mail_of_day("x", 1));
  EXPECT_THAT(news(), Not(HasSubstr("ESEARCH")));
  world.deliver(mail_of_day("d", 1));
  EXPECT_THAT(news(), HasSubstr("* ESEARCH (TAG \"c\") ADDTO (0 5)\r\n"));
}

TEST_F(ImapContext, TellsOfItsOwnChanges) {
  talk.line("c UID SEARCH RETURN (UPDATE) UNSEEN");
  EXPECT_THAT(talk.line("t STORE 1 +FLAGS.SILENT (\\Seen)"), HasSubstr("* ESEARCH (TAG \"c\") UID REMOVEFROM (0 1)"));
}

TEST_F(ImapContext, TellsBeforeMessagesVanish) {
  talk.line("c SEARCH RETURN (UPDATE) ALL");
  other.line("t STORE 2 +FLAGS (\\Deleted)");
  other.line("t EXPUNGE");
  const std::string told = news();
  EXPECT_THAT(told, HasSubstr("* ESEARCH (TAG \"c\") REMOVEFROM (0 2)\r\n* 2 EXPUNGE\r\n"));
}

TEST_F(ImapContext, KeepsAnOrder) {
  EXPECT_EQ(talk.line("c UID SORT RETURN (UPDATE ALL) (REVERSE DATE) UTF-8 UNSEEN"),
            "* ESEARCH (TAG \"c\") UID ALL 3,2,1\r\nc OK SORT completed\r\n");
  world.deliver(mail_of_day("d", 5));
  world.deliver(mail_of_day("e", 9));
  EXPECT_THAT(news(), HasSubstr("* ESEARCH (TAG \"c\") UID ADDTO (2 4 1 5)\r\n"));  // 5 3 4 2 1
  other.line("n NOOP");
  other.line("t STORE 3,2 +FLAGS (\\Seen)");
  EXPECT_THAT(news(), HasSubstr("* ESEARCH (TAG \"c\") UID REMOVEFROM (2 3 3 2)\r\n"));
  other.line("t STORE 2 -FLAGS (\\Seen)");
  EXPECT_THAT(news(), HasSubstr("* ESEARCH (TAG \"c\") UID ADDTO (3 2)\r\n"));
}

TEST_F(ImapContext, EndsWhenItIsToldTo) {
  talk.line("c UID SEARCH RETURN (UPDATE) UNSEEN");
  EXPECT_EQ(talk.line("d CANCELUPDATE \"c\""), "d OK CANCELUPDATE completed\r\n");
  EXPECT_THAT(talk.line("d CANCELUPDATE \"c\""), HasSubstr("d NO "));
  EXPECT_THAT(talk.line("d CANCELUPDATE"), HasSubstr("d BAD "));
  other.line("t STORE 2 +FLAGS (\\Seen)");
  EXPECT_THAT(news(), Not(HasSubstr("ESEARCH")));
  talk.line("c UID SEARCH RETURN (UPDATE) UNSEEN");
  talk.line("s SELECT INBOX");
  other.line("t STORE 3 +FLAGS (\\Seen)");
  EXPECT_THAT(news(), Not(HasSubstr("ESEARCH")));
}

TEST_F(ImapContext, SaysWhatItCannotKeep) {
  for (const char* keys : {"1:2", "UID 1:*", "OLDER 60", "NOT YOUNGER 60", "$"}) {
    EXPECT_THAT(talk.line("c SEARCH RETURN (UPDATE) " + std::string(keys)), HasSubstr("* NO [NOUPDATE \"c\"]")) << keys;
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(talk.line("c" + std::to_string(i) + " SEARCH RETURN (UPDATE CONTEXT) ALL"), Not(HasSubstr("NOUPDATE")));
  }
  EXPECT_THAT(talk.line("d SEARCH RETURN (UPDATE) ALL"), HasSubstr("* NO [NOUPDATE \"d\"]"));
  EXPECT_THAT(talk.line("d ESEARCH RETURN (UPDATE) ALL"), HasSubstr("* NO [NOUPDATE \"d\"]"));
  EXPECT_THAT(talk.line("d ESEARCH IN (personal) RETURN (UPDATE) ALL"), HasSubstr("d BAD"));
}

}  // namespace
}  // namespace gatepost::imap::server
