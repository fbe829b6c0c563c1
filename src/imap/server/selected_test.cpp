// What a session sees of the mailbox it selected: SELECT, CLOSE, EXPUNGE, STORE, COPY, MOVE, IDLE and the news.

#include "imap/server/selected.hpp"

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

constexpr std::string_view kSelectedMessage = "Subject: one\r\n\r\nHello\r\n";

class ImapSelected : public testing::Test {
 protected:
  void deliver(int count) {
    for (int i = 0; i < count; ++i) world.deliver(kSelectedMessage);
    // Not recent any more.
    const auto account = world.account();
    (void)account->open_folder(account->find_folder("INBOX")->id, true);
  }
  static void open(Talk& talk, std::string_view enable = {}) {
    talk.enter();
    if (!enable.empty()) talk.line("en ENABLE " + std::string(enable));
    talk.line("se SELECT INBOX");
  }
  std::string modseq() { return std::to_string(world.account()->find_folder("INBOX")->highest_modseq); }

  World world;
};

TEST_F(ImapSelected, SelectTellsAllAboutTheMailbox) {
  deliver(2);
  world.deliver(kSelectedMessage, "INBOX", account::flag::kSeen);
  Talk talk(world);
  talk.enter();
  const std::string answer = talk.line("a SELECT inbox");
  EXPECT_THAT(answer, StartsWith("* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft)\r\n"));
  for (const std::string_view line :
       {"* OK [PERMANENTFLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft \\*)]", "* 3 EXISTS\r\n", "* 1 RECENT\r\n",
        "* OK [UNSEEN 1]", "* OK [UIDVALIDITY 1767225600]", "* OK [UIDNEXT 4]", "* OK [MAILBOXID (F"}) {
    EXPECT_THAT(answer, HasSubstr(line));
  }
  EXPECT_THAT(answer, HasSubstr("* OK [HIGHESTMODSEQ " + modseq() + "]"));
  EXPECT_THAT(answer, EndsWith("a OK [READ-WRITE] Open\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("CLOSED")));

  const std::string again = talk.line("b EXAMINE INBOX");
  EXPECT_THAT(again, StartsWith("* OK [CLOSED] "));
  EXPECT_THAT(again, HasSubstr("* OK [PERMANENTFLAGS ()]"));
  EXPECT_THAT(again, HasSubstr("* 0 RECENT\r\n"));
  EXPECT_THAT(again, EndsWith("b OK [READ-ONLY] Open for reading\r\n"));
}

TEST_F(ImapSelected, SelectAnswersAsRev2WhenThatIsEnabled) {
  deliver(1);
  Talk talk(world);
  talk.enter();
  talk.line("a ENABLE IMAP4rev2");
  const std::string answer = talk.line("b SELECT INBOX");
  EXPECT_THAT(answer, HasSubstr("* LIST (\\HasNoChildren"));
  EXPECT_THAT(answer, Not(HasSubstr("RECENT")));
  EXPECT_THAT(answer, Not(HasSubstr("UNSEEN")));
}

TEST_F(ImapSelected, AFailedSelectLeavesNoMailboxOpen) {
  Talk talk(world);
  open(talk);
  EXPECT_EQ(talk.line("a SELECT Nowhere"),
            "* OK [CLOSED] The mailbox is closed\r\na NO [NONEXISTENT] No such mailbox\r\n");
  EXPECT_EQ(talk.line("b CHECK"), "b BAD Select a mailbox first\r\n");
}

TEST_F(ImapSelected, NewsComeWithTheNextCommand) {
  deliver(1);
  Talk one(world);
  Talk two(world);
  open(one);
  open(two);
  EXPECT_EQ(one.line("a NOOP"), "a OK NOOP completed\r\n");
  world.deliver(kSelectedMessage);
  EXPECT_EQ(one.line("b NOOP"), "* 2 EXISTS\r\n* 1 RECENT\r\nb OK NOOP completed\r\n");
  EXPECT_EQ(two.line("c NOOP"), "* 2 EXISTS\r\n* 0 RECENT\r\nc OK NOOP completed\r\n");
  one.line("d STORE 1 +FLAGS (\\Deleted $Work)");
  const std::string told = two.line("e NOOP");
  EXPECT_THAT(told,
              StartsWith("* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $Work)\r\n* OK [PERMANENTFLAGS "));
  EXPECT_THAT(told, HasSubstr("* 1 FETCH (FLAGS (\\Deleted $Work))\r\ne OK "));
  EXPECT_EQ(one.line("f EXPUNGE"), "* 1 EXPUNGE\r\nf OK EXPUNGE completed\r\n");
  EXPECT_EQ(two.line("g NOOP"), "* 1 EXPUNGE\r\ng OK NOOP completed\r\n");
}

TEST_F(ImapSelected, MessagesVanishFromTheLastToTheFirst) {
  deliver(5);
  Talk one(world);
  Talk two(world);
  open(one);
  open(two);
  one.line("a STORE 1,3:4 +FLAGS.SILENT (\\Deleted)");
  EXPECT_EQ(one.line("b EXPUNGE"), "* 4 EXPUNGE\r\n* 3 EXPUNGE\r\n* 1 EXPUNGE\r\nb OK EXPUNGE completed\r\n");
  EXPECT_EQ(two.line("c NOOP"), "* 4 EXPUNGE\r\n* 3 EXPUNGE\r\n* 1 EXPUNGE\r\nc OK NOOP completed\r\n");
}

TEST_F(ImapSelected, NothingVanishesWithinCommandsBySequenceNumber) {
  deliver(3);
  Talk one(world);
  Talk two(world);
  open(one);
  open(two);
  one.line("a STORE 1 +FLAGS.SILENT (\\Deleted)");
  one.line("b EXPUNGE");
  world.deliver(kSelectedMessage);
  EXPECT_EQ(two.line("c STORE 2 +FLAGS (\\Seen)"), "* 2 FETCH (FLAGS (\\Seen))\r\nc OK STORE completed\r\n");
  EXPECT_EQ(two.line("d STORE 1 +FLAGS (\\Seen)"), "d NO [EXPUNGEISSUED] Some of the messages are gone\r\n");
  EXPECT_EQ(two.line("e UID STORE 3 +FLAGS (\\Seen)"),
            "* 3 FETCH (UID 3 FLAGS (\\Seen))\r\n* 1 EXPUNGE\r\n* 3 EXISTS\r\n* 1 RECENT\r\n"
            "* 1 FETCH (FLAGS (\\Seen))\r\ne OK STORE completed\r\n");
}

TEST_F(ImapSelected, StoreAnswersAsFetchAndOnlyOnce) {
  deliver(3);
  Talk talk(world);
  open(talk);
  EXPECT_EQ(talk.line("a STORE 1:2 FLAGS (\\Flagged)"),
            "* 1 FETCH (FLAGS (\\Flagged))\r\n* 2 FETCH (FLAGS (\\Flagged))\r\na OK STORE completed\r\n");
  EXPECT_EQ(talk.line("b STORE 1 +FLAGS (\\Flagged)"), "* 1 FETCH (FLAGS (\\Flagged))\r\nb OK STORE completed\r\n");
  EXPECT_EQ(talk.line("c UID STORE 2:3 -FLAGS.SILENT (\\Flagged)"), "c OK STORE completed\r\n");
  EXPECT_EQ(talk.line("d NOOP"), "d OK NOOP completed\r\n");
  EXPECT_EQ(talk.line("e STORE 4 FLAGS ()"), "e BAD [CLIENTBUG] There is no message with this number\r\n");
  EXPECT_EQ(talk.line("f UID STORE 40 FLAGS ()"), "f OK STORE completed\r\n");
  talk.line("g EXAMINE INBOX");
  EXPECT_EQ(talk.line("h STORE 1 FLAGS ()"), "h NO [READ-ONLY] The mailbox is open for reading only\r\n");
  EXPECT_EQ(talk.line("i EXPUNGE"), "i NO [READ-ONLY] The mailbox is open for reading only\r\n");
}

TEST_F(ImapSelected, StoreUnchangedSinceRefusesWhatOthersChanged) {
  deliver(3);
  Talk one(world);
  Talk two(world);
  open(one, "CONDSTORE");
  open(two);
  const std::string before = modseq();
  two.line("a STORE 2 +FLAGS (\\Seen)");
  const std::string between = modseq();
  const std::string answer = one.line("b STORE 1:3 (UNCHANGEDSINCE " + before + ") +FLAGS.SILENT (\\Deleted)");
  const std::string after = modseq();
  EXPECT_EQ(answer, "* 1 FETCH (MODSEQ (" + after + "))\r\n* 3 FETCH (MODSEQ (" + after +
                        "))\r\n* 2 FETCH (FLAGS (\\Seen) " + "MODSEQ (" + between +
                        "))\r\nb OK [MODIFIED 2] Some changed meanwhile\r\n");
  EXPECT_THAT(one.line("c UID STORE 2 (UNCHANGEDSINCE 1) FLAGS ()"),
              EndsWith("c OK [MODIFIED 2] Some changed meanwhile\r\n"));
}

TEST_F(ImapSelected, ExpungesByUid) {
  deliver(3);
  Talk talk(world);
  open(talk);
  talk.line("a STORE 1:3 +FLAGS.SILENT (\\Deleted)");
  EXPECT_EQ(talk.line("b UID EXPUNGE 2,77"), "* 2 EXPUNGE\r\nb OK EXPUNGE completed\r\n");
  EXPECT_EQ(talk.line("c CLOSE"), "c OK CLOSE completed\r\n");
  EXPECT_EQ(talk.line("d STATUS INBOX (MESSAGES)"), "* STATUS INBOX (MESSAGES 0)\r\nd OK STATUS completed\r\n");
}

TEST_F(ImapSelected, UnselectRemovesNothing) {
  deliver(1);
  Talk talk(world);
  open(talk);
  talk.line("a STORE 1 +FLAGS.SILENT (\\Deleted)");
  EXPECT_EQ(talk.line("b UNSELECT"), "b OK UNSELECT completed\r\n");
  EXPECT_EQ(talk.line("c STATUS INBOX (MESSAGES)"), "* STATUS INBOX (MESSAGES 1)\r\nc OK STATUS completed\r\n");
  talk.line("d EXAMINE INBOX");
  EXPECT_EQ(talk.line("e CLOSE"), "e OK CLOSE completed\r\n");
  EXPECT_EQ(talk.line("f STATUS INBOX (MESSAGES)"), "* STATUS INBOX (MESSAGES 1)\r\nf OK STATUS completed\r\n");
}

TEST_F(ImapSelected, CopiesAndMoves) {
  deliver(3);
  Talk talk(world);
  open(talk);
  const std::string validity = std::to_string(world.account()->find_folder("Sent")->uid_validity);
  EXPECT_EQ(talk.line("a COPY 2:3 Sent"), "a OK [COPYUID " + validity + " 2:3 1:2] COPY completed\r\n");
  EXPECT_EQ(talk.line("b UID COPY 77 Sent"), "b OK COPY completed\r\n");
  EXPECT_EQ(talk.line("c COPY 1 Nowhere"), "c NO [TRYCREATE] No such mailbox; create it first\r\n");
  EXPECT_EQ(talk.line("d MOVE 1,3 Sent"),
            "* OK [COPYUID " + validity + " 1,3 3:4] Moved\r\n* 3 EXPUNGE\r\n* 1 EXPUNGE\r\nd OK MOVE completed\r\n");
  EXPECT_EQ(talk.line("e UID MOVE 2 Nowhere"), "e NO [TRYCREATE] No such mailbox; create it first\r\n");
  EXPECT_EQ(talk.line("f UID MOVE 1 Sent"), "f OK MOVE completed\r\n");
  EXPECT_EQ(talk.line("g COPY 1 INBOX"),
            "* 2 EXISTS\r\n* 1 RECENT\r\ng OK [COPYUID 1767225600 2 4] COPY completed\r\n");
  talk.line("h EXAMINE INBOX");
  EXPECT_EQ(talk.line("i MOVE 1 Sent"), "i NO [READ-ONLY] The mailbox is open for reading only\r\n");
}

TEST_F(ImapSelected, IdleTellsNewsAsTheyCome) {
  deliver(2);
  Talk talk(world);
  open(talk);
  Talk other(world);
  open(other);
  EXPECT_EQ(talk.line("a IDLE"), "+ idling\r\n");
  EXPECT_EQ(talk.wake(), "");
  world.deliver(kSelectedMessage);
  EXPECT_EQ(talk.wake(), "* 3 EXISTS\r\n* 1 RECENT\r\n");
  other.line("b STORE 1 +FLAGS (\\Deleted)");
  EXPECT_EQ(talk.wake(), "* 1 FETCH (FLAGS (\\Deleted))\r\n");
  other.line("c EXPUNGE");
  EXPECT_EQ(talk.wake(), "* 1 EXPUNGE\r\n");
  // Pipelined behind its end.
  EXPECT_EQ(talk.say("done\r\nd NOOP\r\n"), "a OK IDLE completed\r\nd OK NOOP completed\r\n");
  world.deliver(kSelectedMessage);
  EXPECT_EQ(talk.wake(), "");
  EXPECT_EQ(talk.line("e IDLE"), "+ idling\r\n* 3 EXISTS\r\n* 2 RECENT\r\n");
  EXPECT_EQ(talk.line("f NOOP"), "e BAD DONE was expected\r\n");
  EXPECT_EQ(talk.line("g NOOP"), "g OK NOOP completed\r\n");
}

TEST_F(ImapSelected, IdleWorksWithoutAMailbox) {
  Talk talk(world);
  talk.enter();
  EXPECT_EQ(talk.say("a IDLE\r\nDONE\r\nb NOOP\r\n"), "+ idling\r\na OK IDLE completed\r\nb OK NOOP completed\r\n");
}

TEST_F(ImapSelected, TellsVanishedByUidWithQresync) {
  deliver(4);
  Talk talk(world);
  open(talk, "QRESYNC");
  talk.line("a STORE 2:3 +FLAGS.SILENT (\\Deleted)");
  EXPECT_EQ(talk.line("b EXPUNGE"), "* VANISHED 2:3\r\nb OK [HIGHESTMODSEQ " + modseq() + "] EXPUNGE completed\r\n");
  Talk other(world);
  open(other);
  other.line("c STORE 2 FLAGS (\\Seen)");
  EXPECT_EQ(talk.line("d NOOP"),
            "* 2 FETCH (UID 4 FLAGS (\\Seen) MODSEQ (" + modseq() + "))\r\nd OK NOOP completed\r\n");
}

class ImapQresync : public ImapSelected {
 protected:
  std::string resync(Talk& talk, std::string_view arguments) {
    talk.enter();
    talk.line("en ENABLE QRESYNC");
    const std::string answer = talk.line("a SELECT INBOX (QRESYNC (" + std::string(arguments) + "))");
    const std::size_t at = answer.find("* OK [URLMECH");
    return answer.substr(answer.find("\r\n", at) + 2);
  }
};

TEST_F(ImapQresync, WantsToBeEnabled) {
  Talk talk(world);
  talk.enter();
  EXPECT_EQ(talk.line("a SELECT INBOX (QRESYNC (1 1))"), "a BAD ENABLE QRESYNC first\r\n");
}

TEST_F(ImapQresync, TellsWhatChangedAlsoAfterARestart) {
  deliver(10);
  const std::string before = modseq();
  {
    Talk other(world);
    open(other);
    other.line("a STORE 3,5 +FLAGS.SILENT (\\Deleted)");
    other.line("b EXPUNGE");
    other.line("c UID STORE 7 FLAGS (\\Seen)");
    world.deliver(kSelectedMessage);
  }
  world.restart();
  Talk talk(world);
  const std::string answer = resync(talk, "1767225600 " + before);
  EXPECT_THAT(answer, StartsWith("* VANISHED (EARLIER) 3,5\r\n* 5 FETCH (UID 7 FLAGS (\\Seen"));
  EXPECT_THAT(answer, HasSubstr("* 9 FETCH (UID 11 "));
  EXPECT_THAT(answer, EndsWith("a OK [READ-WRITE] Open\r\n"));
  Talk some(world);
  EXPECT_THAT(resync(some, "1767225600 " + before + " 1:4,7"),
              AllOf(StartsWith("* VANISHED (EARLIER) 3\r\n* 5 FETCH (UID 7 "), Not(HasSubstr("UID 11"))));
  Talk nothing(world);
  EXPECT_EQ(resync(nothing, "1767225600 " + modseq()), "a OK [READ-WRITE] Open\r\n");
}

// The expunge records are gone: all that is not there has vanished, less what the client's pairs show it to know.
TEST_F(ImapQresync, TellsAllThatIsMissingWhenItIsTooLongAgo) {
  world.options.keep_vanished = std::chrono::hours(0);
  world.options.keep_vanished_at_least = 0;
  world.restart();
  deliver(10);
  const std::string before = modseq();
  {
    Talk other(world);
    open(other);
    other.line("a STORE 2,3,8 +FLAGS.SILENT (\\Deleted)");
    other.line("b EXPUNGE");
  }
  deliver(1);
  world.clock.advance(std::chrono::hours(48));
  ASSERT_TRUE(world.accounts->prune({}));
  Talk all(world);
  EXPECT_THAT(resync(all, "1767225600 " + before), StartsWith("* VANISHED (EARLIER) 2:3,8\r\n"));
  Talk known(world);
  EXPECT_THAT(resync(known, "1767225600 " + before + " 1:7"), StartsWith("* VANISHED (EARLIER) 2:3\r\n"));
  // It knows that message 5 is UID 7, and takes message 8 for UID 8: nothing up to UID 7 is told again.
  Talk pairs(world);
  EXPECT_THAT(resync(pairs, "1767225600 " + before + " 1:10 (1,5,8 1,7,8)"), StartsWith("* VANISHED (EARLIER) 8\r\n"));
  Talk runs(world);
  EXPECT_THAT(resync(runs, "1767225600 " + before + " 1:10 (2:4 4:6)"), StartsWith("* VANISHED (EARLIER) 8\r\n"));
  Talk stale(world);
  EXPECT_THAT(resync(stale, "1767225600 " + before + " 1:10 (2:4 2:4)"), StartsWith("* VANISHED (EARLIER) 2:3,8\r\n"));
}

TEST_F(ImapQresync, SaysNothingToAClientOfAnotherMailbox) {
  deliver(2);
  Talk talk(world);
  EXPECT_EQ(resync(talk, "77 1"), "a OK [READ-WRITE] Open\r\n");
}

}  // namespace
}  // namespace gatepost::imap::server
