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

class ImapNotifications : public testing::Test {
 protected:
  ImapNotifications() {
    world.deliver(mail("one"));
    world.deliver(mail("two"));
    talk.enter();
    other.enter();
    other.line("s SELECT INBOX");
  }
  // What is told without being asked, to nobody's command.
  std::string told() { return talk.wake(); }
  void set(std::string_view groups) {
    EXPECT_THAT(talk.line("n NOTIFY SET " + std::string(groups)), EndsWith("n OK NOTIFY completed\r\n"));
    told();
  }

  World world;
  Talk talk{world}, other{world};
};

TEST_F(ImapNotifications, BeforeThatNothingIsToldBetweenCommands) {
  talk.line("s SELECT INBOX");
  world.deliver(mail("three"));
  EXPECT_EQ(told(), "");
  EXPECT_THAT(talk.line("a NOOP"), HasSubstr("* 3 EXISTS"));
}

TEST_F(ImapNotifications, TellOfTheSelectedMailboxAtOnce) {
  talk.line("s SELECT INBOX");
  set("(SELECTED (MessageNew (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)]) MessageExpunge FlagChange))");
  world.deliver(mail("three"));
  EXPECT_EQ(
      told(),
      "* 3 EXISTS\r\n* 1 RECENT\r\n* 3 FETCH (UID 3 BODY[HEADER.FIELDS (SUBJECT)] {18}\r\nSubject: three\r\n\r\n)\r\n");
  other.line("t UID STORE 2 +FLAGS (\\Deleted)");
  EXPECT_EQ(told(), "* 2 FETCH (UID 2 FLAGS (\\Deleted))\r\n");
  other.line("t EXPUNGE");
  EXPECT_EQ(told(), "* 2 EXPUNGE\r\n");
  EXPECT_EQ(told(), "");
}

TEST_F(ImapNotifications, LeaveOutFlagsWhenNobodyAskedForThem) {
  talk.line("s SELECT INBOX");
  set("(SELECTED (MessageNew MessageExpunge))");
  other.line("t UID STORE 2 +FLAGS (\\Flagged)");
  EXPECT_EQ(told(), "");
  EXPECT_EQ(talk.line("a NOOP"), "a OK NOOP completed\r\n");
  world.deliver(mail("three"));
  EXPECT_THAT(told(), AllOf(HasSubstr("* 3 EXISTS"), Not(HasSubstr("FETCH"))));
}

TEST_F(ImapNotifications, KeepBackWhatVanishedUntilACommandAllowsIt) {
  talk.line("s SELECT INBOX");
  set("(SELECTED-DELAYED (MessageNew (FLAGS) MessageExpunge))");
  world.deliver(mail("three"));
  EXPECT_THAT(told(), HasSubstr("* 3 EXISTS"));
  other.line("t STORE 1 +FLAGS.SILENT (\\Deleted)");
  told();
  other.line("t EXPUNGE");
  EXPECT_EQ(told(), "");
  EXPECT_THAT(talk.line("a FETCH 2 UID"), StartsWith("* 2 FETCH (UID 2)\r\na OK"));
  EXPECT_THAT(talk.line("b NOOP"), StartsWith("* 1 EXPUNGE\r\n"));
  other.line("t STORE 1 +FLAGS.SILENT (\\Deleted)");
  other.line("t EXPUNGE");
  EXPECT_EQ(talk.line("i IDLE"), "+ idling\r\n* 1 EXPUNGE\r\n");
}

TEST_F(ImapNotifications, KeepTheSelectedMailboxAsItIsWhenNobodyAskedForIt) {
  talk.line("s SELECT INBOX");
  set("(PERSONAL (MailboxName))");
  world.deliver(mail("three"));
  other.line("t UID STORE 1 +FLAGS (\\Deleted)");
  other.line("t EXPUNGE");
  EXPECT_EQ(told(), "");
  EXPECT_EQ(talk.line("a NOOP"), "a OK NOOP completed\r\n");
  EXPECT_EQ(talk.line("i IDLE"), "+ idling\r\n");
  EXPECT_EQ(told(), "");
  talk.line("DONE");
  // Its numbers mean what they did.
  EXPECT_THAT(talk.line("b FETCH 1:2 UID"), StartsWith("* 2 FETCH (UID 2)\r\nb OK [EXPUNGEISSUED]"));
  // The outcome of its own command is told, and with it all that happened.
  talk.line("c UID STORE 2 +FLAGS.SILENT (\\Deleted)");
  EXPECT_THAT(talk.line("d EXPUNGE"), StartsWith("* 2 EXPUNGE\r\n* 1 EXPUNGE\r\n* 1 EXISTS"));
}

TEST_F(ImapNotifications, NoneIsQuietToo) {
  talk.line("s SELECT INBOX");
  world.deliver(mail("three"));
  // What gathered before is told.
  EXPECT_THAT(talk.line("a NOTIFY NONE"), StartsWith("* 3 EXISTS\r\n"));
  world.deliver(mail("four"));
  EXPECT_EQ(told(), "");
  EXPECT_EQ(talk.line("b NOOP"), "b OK NOOP completed\r\n");
  EXPECT_THAT(talk.line("c NOTIFY SET (SELECTED (MessageNew MessageExpunge))"), StartsWith("* 4 EXISTS\r\n"));
}

TEST_F(ImapNotifications, TellOfOtherMailboxesByStatus) {
  set("(MAILBOXES (INBOX Sent Missing) (MessageNew MessageExpunge))");
  world.deliver(mail("three"));
  EXPECT_EQ(told(), "* STATUS INBOX (MESSAGES 3 UIDNEXT 4)\r\n");
  world.deliver(mail("x"), "Drafts");
  EXPECT_EQ(told(), "");
  world.deliver(mail("x"), "Sent");
  world.deliver(mail("y"), "Sent");
  EXPECT_EQ(told(), "* STATUS Sent (MESSAGES 2 UIDNEXT 3)\r\n");
  other.line("t STORE 1 +FLAGS (\\Seen)");
  EXPECT_EQ(told(), "");
  other.line("t UID MOVE 1 Drafts");
  EXPECT_EQ(told(), "* STATUS INBOX (MESSAGES 2 UIDNEXT 4)\r\n");
}

TEST_F(ImapNotifications, TellOfFlagsByUnseenAndModseq) {
  set("(INBOXES (MessageNew MessageExpunge FlagChange))");
  other.line("t STORE 1 +FLAGS (\\Flagged)");
  EXPECT_EQ(told(), "");
  other.line("t STORE 1 +FLAGS (\\Seen)");
  EXPECT_THAT(told(), AllOf(StartsWith("* STATUS INBOX (UIDVALIDITY "), EndsWith(" UNSEEN 1)\r\n")));
  talk.line("e ENABLE CONDSTORE");
  other.line("t STORE 1 +FLAGS ($Label)");
  EXPECT_THAT(told(), AllOf(HasSubstr("UIDVALIDITY "), HasSubstr("HIGHESTMODSEQ "), Not(HasSubstr("MESSAGES"))));
  world.deliver(mail("three"));
  EXPECT_THAT(told(), AllOf(HasSubstr("MESSAGES 3"), HasSubstr("HIGHESTMODSEQ ")));
}

TEST_F(ImapNotifications, LeaveTheSelectedMailboxToItsOwnGroup) {
  set("(SELECTED (MessageNew MessageExpunge)) (PERSONAL (MessageNew MessageExpunge))");
  talk.line("s SELECT INBOX");
  world.deliver(mail("three"));
  EXPECT_THAT(told(), AllOf(HasSubstr("* 3 EXISTS"), Not(HasSubstr("STATUS"))));
  talk.line("u UNSELECT");
  world.deliver(mail("four"));
  EXPECT_EQ(told(), "* STATUS INBOX (MESSAGES 4 UIDNEXT 5)\r\n");
}

TEST_F(ImapNotifications, StatusTellsWhereAllStand) {
  const std::string answer = talk.line(
      "n NOTIFY SET STATUS (SUBTREE INBOX (MessageNew MessageExpunge)) (MAILBOXES Sent (MessageNew "
      "MessageExpunge FlagChange)) (MAILBOXES Drafts (MailboxName))");
  EXPECT_THAT(answer, AllOf(HasSubstr("* STATUS INBOX (MESSAGES 2 UIDNEXT 3 UIDVALIDITY "),
                            HasSubstr("* STATUS Sent ("), HasSubstr("HIGHESTMODSEQ"), Not(HasSubstr("Drafts"))));
}

TEST_F(ImapNotifications, TellOfNames) {
  set("(PERSONAL (MailboxName SubscriptionChange))");
  other.line("c CREATE a/b");
  EXPECT_EQ(told(), "* LIST (\\HasChildren) \"/\" a\r\n* LIST (\\HasNoChildren) \"/\" a/b\r\n");
  other.line("c RENAME a c");
  EXPECT_EQ(told(), "* LIST (\\HasChildren) \"/\" c (\"OLDNAME\" (a))\r\n");
  other.line("c SUBSCRIBE c/b");
  EXPECT_EQ(told(), "* LIST (\\HasNoChildren \\Subscribed) \"/\" c/b\r\n");
  other.line("c DELETE c/b");
  EXPECT_EQ(told(),
            "* LIST (\\NonExistent \\HasNoChildren \\Subscribed) \"/\" c/b\r\n* LIST (\\HasNoChildren) \"/\" c\r\n");
  other.line("c UNSUBSCRIBE c/b");
  EXPECT_EQ(told(), "* LIST (\\NonExistent \\HasNoChildren) \"/\" c/b\r\n");
  world.deliver(mail("x"));
  EXPECT_EQ(told(), "");
}

TEST_F(ImapNotifications, TellOfNamesWithinWhatWasChosen) {
  set("(SUBTREE a (MailboxName)) (SUBSCRIBED (SubscriptionChange)) (MAILBOXES x (MailboxName))");
  other.line("c CREATE b");
  EXPECT_EQ(told(), "");
  other.line("c CREATE a");
  EXPECT_EQ(told(), "* LIST (\\HasNoChildren) \"/\" a\r\n");
  other.line("c RENAME b a/b");
  EXPECT_THAT(told(), HasSubstr("a/b (\"OLDNAME\" (b))"));
  other.line("c UNSUBSCRIBE Sent");
  EXPECT_THAT(told(), AllOf(HasSubstr(" Sent\r\n"), Not(HasSubstr("\\Subscribed"))));
  other.line("c CREATE x/y");
  EXPECT_EQ(told(), "* LIST (\\HasChildren) \"/\" x\r\n");
}

TEST_F(ImapNotifications, LeaveOutWhatTheClientDidItself) {
  set("(SELECTED (MessageNew (UID) MessageExpunge)) (PERSONAL (MessageNew MessageExpunge MailboxName "
      "SubscriptionChange))");
  talk.line("s SELECT INBOX");
  EXPECT_THAT(talk.line("a CREATE mine"), StartsWith("a OK"));
  EXPECT_THAT(talk.line("b RENAME mine yours"), StartsWith("b OK"));
  EXPECT_THAT(talk.line("c SUBSCRIBE yours"), StartsWith("c OK"));
  EXPECT_THAT(talk.line("d COPY 1 yours"), StartsWith("d OK"));
  EXPECT_THAT(talk.say("e APPEND yours {3+}\r\na\r\n\r\n"), StartsWith("e OK"));
  EXPECT_EQ(told(), "");
  // Of what it put into the selected mailbox there is no FETCH.
  EXPECT_THAT(talk.line("f COPY 1 INBOX"), AllOf(HasSubstr("* 3 EXISTS"), Not(HasSubstr("FETCH"))));
  world.deliver(mail("four"));
  EXPECT_THAT(told(), HasSubstr("* 4 FETCH (UID 4)"));
  EXPECT_THAT(talk.line("g DELETE yours"), StartsWith("g OK"));
  EXPECT_EQ(told(), "");
}

TEST_F(ImapNotifications, RefuseWhatIsNotKnownAndStayAsTheyWere) {
  set("(INBOXES (MessageNew MessageExpunge))");
  EXPECT_EQ(talk.line("a NOTIFY SET (PERSONAL (AnnotationChange MessageNew MessageExpunge))"),
            "a NO [BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange "
            "ServerMetadataChange)] Of some of these events "
            "nothing is told here\r\n");
  EXPECT_THAT(talk.line("b NOTIFY SET (PERSONAL (Weather))"), StartsWith("b NO [BADEVENT ("));
  EXPECT_THAT(talk.line("c NOTIFY SET (PERSONAL (MessageNew))"), StartsWith("c BAD"));
  world.deliver(mail("three"));
  EXPECT_THAT(told(), HasSubstr("* STATUS INBOX"));
}

TEST_F(ImapNotifications, EndWhenMoreHappenedThanIsKnown) {
  set("(PERSONAL (MailboxName))");
  for (int i = 0; i < 600; ++i) {
    other.line("c SUBSCRIBE x");
    other.line("c UNSUBSCRIBE x");
  }
  EXPECT_THAT(told(), StartsWith("* OK [NOTIFICATIONOVERFLOW]"));
  other.line("c CREATE a");
  EXPECT_EQ(told(), "");
}

TEST_F(ImapNotifications, OfMessagesNeverEnd) {
  set("(PERSONAL (MessageNew MessageExpunge))");
  for (int i = 0; i < 600; ++i) {
    other.line("c SUBSCRIBE x");
    other.line("c UNSUBSCRIBE x");
  }
  world.deliver(mail("three"));
  EXPECT_EQ(told(), "* STATUS INBOX (MESSAGES 3 UIDNEXT 4)\r\n");
}

TEST_F(ImapNotifications, EndWithTheAccount) {
  set("(PERSONAL (MessageNew MessageExpunge))");
  talk.line("u UNAUTHENTICATE");
  world.deliver(mail("three"));
  EXPECT_EQ(told(), "");
}

TEST_F(ImapNotifications, ResultsBringTheItemsOfNewMessages) {
  talk.line("s SELECT INBOX");
  set("(SELECTED (MessageNew (FLAGS) MessageExpunge FlagChange))");
  EXPECT_THAT(talk.line("q UID SEARCH RETURN (COUNT UPDATE (UID RFC822.SIZE)) SUBJECT boss"),
              HasSubstr("* ESEARCH (TAG \"q\") UID COUNT 0"));
  world.deliver(mail("boss"));
  EXPECT_EQ(
      told(),
      "* 3 EXISTS\r\n* 1 RECENT\r\n* 3 FETCH (UID 3 FLAGS (\\Recent) RFC822.SIZE 23)\r\n* ESEARCH (TAG \"q\") UID "
      "ADDTO (0 3)\r\n");
  world.deliver(mail("nobody"));
  EXPECT_THAT(told(), AllOf(HasSubstr("* 4 FETCH (UID 4 FLAGS (\\Recent))"), Not(HasSubstr("ESEARCH"))));
  // Not for what comes into it otherwise.
  talk.line("r UID SEARCH RETURN (COUNT UPDATE (RFC822.SIZE)) FLAGGED");
  other.line("t STORE 1 +FLAGS (\\Flagged)");
  EXPECT_EQ(told(), "* 1 FETCH (UID 1 FLAGS (\\Flagged))\r\n* ESEARCH (TAG \"r\") UID ADDTO (0 1)\r\n");
}

}  // namespace
}  // namespace gatepost::imap::server
