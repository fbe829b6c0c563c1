// Mailboxes of others: two people at one server.

#include <gmock/gmock.h>

#include "imap/server/test_support.hpp"
#include "sharing/sharing.hpp"

namespace gatepost::imap::server {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ImapAccess : public testing::Test {
 protected:
  ImapAccess() {
    world.add(kBob, kBobsPassword);
    anna.enter();
    bob.enter(kBob, kBobsPassword);
  }
  void grant(std::string_view folder, std::string_view letters) {
    EXPECT_THAT(anna.line("g SETACL " + std::string(folder) + " bob@example.org " + std::string(letters)),
                EndsWith("g OK SETACL completed\r\n"));
  }
  World world;
  Talk anna{world}, bob{world};
};

TEST_F(ImapAccess, OthersMailboxesAreNotThereWithoutRights) {
  const std::string none = "NO [NONEXISTENT] No such mailbox\r\n";
  for (const std::string_view command :
       {"SELECT %", "EXAMINE %", "STATUS % (MESSAGES)", "DELETE %", "RENAME % x", "GETACL %", "MYRIGHTS %",
        "SETACL % bob@example.org lr", "DELETEACL % anyone", "LISTRIGHTS % anyone", "GETQUOTAROOT %", "CREATE %/x"}) {
    for (const std::string_view name :
         {"\"Other Users/anna@example.org/INBOX\"", "\"Other Users/no@example.org/INBOX\"",
          "\"Shared/anna@example.org/INBOX\"", "\"Other Users/anna@example.org/No\""}) {
      std::string line = "a ";
      for (const char c : command) line += c == '%' ? std::string(name) : std::string(1, c);
      // "x/y" of a quoted name
      if (const auto at = line.find("\"/x"); at != std::string::npos) line = line.substr(0, at) + "/x\"";
      EXPECT_EQ(bob.line(line), "a " + none) << line;
    }
  }
  EXPECT_THAT(bob.line("a APPEND \"Other Users/anna@example.org/INBOX\" {1+}\r\nx"), HasSubstr("a NO [TRYCREATE]"));
  EXPECT_THAT(bob.line("b LIST \"\" *"), Not(HasSubstr("Other Users")));
}

TEST_F(ImapAccess, RightsHoldFromTheMomentTheyAreGranted) {
  world.deliver("Subject: x\r\n\r\nx");
  grant("INBOX", "lr");
  EXPECT_THAT(bob.line("a SELECT \"Other Users/anna@example.org/INBOX\""), HasSubstr("a OK [READ-ONLY]"));
  EXPECT_EQ(bob.line("b STORE 1 +FLAGS (\\Seen)"), "b NO [NOPERM] You have no right to do that here\r\n");
  grant("INBOX", "lrs");
  EXPECT_EQ(bob.line("c STORE 1 +FLAGS (\\Seen)"), "c NO [READ-ONLY] The mailbox is open for reading only\r\n");
  EXPECT_THAT(bob.line("d SELECT \"Other Users/anna@example.org/INBOX\""),
              AllOf(HasSubstr("[PERMANENTFLAGS (\\Seen)]"), HasSubstr("d OK [READ-WRITE]")));
  EXPECT_THAT(bob.line("e STORE 1 +FLAGS (\\Seen)"), HasSubstr("FETCH (FLAGS (\\Seen"));
  grant("INBOX", "lrt");
  EXPECT_THAT(bob.line("f NOOP"), HasSubstr("[PERMANENTFLAGS (\\Deleted)]"));
  EXPECT_EQ(bob.line("g STORE 1 -FLAGS (\\Seen)"), "g NO [NOPERM] You have no right to do that here\r\n");
  grant("INBOX", "l");
  EXPECT_THAT(bob.line("h NOOP"), StartsWith("* BYE "));
  EXPECT_TRUE(bob.closed);
}

TEST_F(ImapAccess, AnIdleSessionEndsWhenItMayNotReadAnyMore) {
  grant("INBOX", "lr");
  bob.line("a SELECT \"Other Users/anna@example.org/INBOX\"");
  bob.line("b IDLE");
  world.deliver("Subject: x\r\n\r\nx");
  EXPECT_THAT(bob.wake(), HasSubstr("* 1 EXISTS"));
  grant("INBOX", "\"\"");
  EXPECT_THAT(bob.wake(), StartsWith("* BYE "));
  EXPECT_TRUE(bob.closed);
}

TEST_F(ImapAccess, FetchSetsSeenOnlyWithTheRight) {
  world.deliver("Subject: x\r\n\r\nx");
  grant("INBOX", "lrw");
  bob.line("a SELECT \"Other Users/anna@example.org/INBOX\"");
  EXPECT_THAT(bob.line("b FETCH 1 (BODY[])"), Not(HasSubstr("\\Seen")));
  grant("INBOX", "lrsw");
  EXPECT_THAT(bob.line("c FETCH 1 (BODY[])"), HasSubstr("\\Seen"));
}

TEST_F(ImapAccess, CloseExpungesOnlyWithTheRight) {
  world.deliver("Subject: x\r\n\r\nx", "INBOX", account::flag::kDeleted);
  grant("INBOX", "lrt");
  bob.line("a SELECT \"Other Users/anna@example.org/INBOX\"");
  EXPECT_EQ(bob.line("b CLOSE"), "b OK CLOSE completed\r\n");
  EXPECT_THAT(anna.line("c STATUS INBOX (MESSAGES)"), HasSubstr("MESSAGES 1"));
  grant("INBOX", "lrte");
  bob.line("d SELECT \"Other Users/anna@example.org/INBOX\"");
  bob.line("e CLOSE");
  EXPECT_THAT(anna.line("f STATUS INBOX (MESSAGES)"), HasSubstr("MESSAGES 0"));
}

TEST_F(ImapAccess, MessagesGoFromOneAccountToAnother) {
  world.deliver("Subject: x\r\n\r\nx", "INBOX", account::flag::kSeen | account::flag::kFlagged);
  world.deliver("Subject: y\r\n\r\ny");
  grant("INBOX", "lrswite");
  bob.line("a SELECT \"Other Users/anna@example.org/INBOX\"");
  EXPECT_THAT(bob.line("b COPY 1:2 INBOX"), HasSubstr("b OK [COPYUID "));
  EXPECT_THAT(bob.line("c MOVE 1 Archive"), AllOf(HasSubstr("* OK [COPYUID "), HasSubstr("* 1 EXPUNGE")));
  EXPECT_THAT(bob.line("d STATUS INBOX (MESSAGES)"), HasSubstr("MESSAGES 2"));
  bob.line("e SELECT Archive");
  EXPECT_THAT(bob.line("f FETCH 1 (FLAGS BODY[TEXT])"), AllOf(HasSubstr("\\Flagged"), HasSubstr("{1}\r\nx")));
  // Back, without the right for \Flagged.
  grant("INBOX", "lrsi");
  EXPECT_THAT(bob.line("g MOVE 1 \"Other Users/anna@example.org/INBOX\""), HasSubstr("* 1 EXPUNGE"));
  anna.line("h SELECT INBOX");
  EXPECT_THAT(anna.line("i FETCH 2 (FLAGS)"), AllOf(HasSubstr("\\Seen"), Not(HasSubstr("\\Flagged"))));
}

// RFC 8474 5.1: within an account a copy is the same email, also without the flags that may not be set there.
TEST_F(ImapAccess, CopiesLeaveFlagsBehindAndAreTheSameEmail) {
  world.deliver("Subject: x\r\n\r\nx", "INBOX", account::flag::kSeen | account::flag::kFlagged);
  world.deliver("Subject: y\r\n\r\ny", "INBOX", account::flag::kSeen | account::flag::kFlagged);
  grant("INBOX", "lrswite");
  grant("Archive", "lrsi");
  bob.line("a SELECT \"Other Users/anna@example.org/INBOX\"");
  const auto ids = [](const std::string& answer) { return answer.substr(answer.find("EMAILID")); };
  const std::string first = ids(bob.line("b FETCH 1 EMAILID")), second = ids(bob.line("b FETCH 2 EMAILID"));
  EXPECT_NE(first, second);
  EXPECT_THAT(bob.line("c COPY 1 \"Other Users/anna@example.org/Archive\""), HasSubstr("c OK [COPYUID "));
  EXPECT_THAT(bob.line("d MOVE 2 \"Other Users/anna@example.org/Archive\""), HasSubstr("* 2 EXPUNGE"));
  bob.line("e EXAMINE \"Other Users/anna@example.org/Archive\"");
  EXPECT_EQ(ids(bob.line("b FETCH 1 EMAILID")), first);
  EXPECT_EQ(ids(bob.line("b FETCH 2 EMAILID")), second);
  EXPECT_THAT(bob.line("f FETCH 1:2 (FLAGS)"), AllOf(HasSubstr("\\Seen"), Not(HasSubstr("\\Flagged"))));
}

TEST_F(ImapAccess, ReplaceAndCatenateNeedTheirRights) {
  world.deliver("Subject: x\r\n\r\nx");
  grant("INBOX", "lrsi");
  bob.line("a SELECT \"Other Users/anna@example.org/INBOX\"");
  EXPECT_THAT(bob.line("b REPLACE 1 \"Other Users/anna@example.org/INBOX\" {1+}\r\nx"), HasSubstr("b NO [NOPERM]"));
  EXPECT_THAT(bob.line("c APPEND INBOX CATENATE (URL \"/Other%20Users/anna@example.org/INBOX/;UID=1\")"),
              HasSubstr("c OK [APPENDUID"));
  grant("INBOX", "lrsite");
  EXPECT_THAT(bob.line("d REPLACE 1 \"Other Users/anna@example.org/INBOX\" {1+}\r\nx"), HasSubstr("d OK"));
  grant("INBOX", "l");
  Talk again(world);
  again.enter(kBob, kBobsPassword);
  EXPECT_THAT(again.line("e APPEND INBOX CATENATE (URL \"/Other%20Users/anna@example.org/INBOX/;UID=2\")"),
              HasSubstr("e NO [BADURL"));
}

// RFC 2180 3.3
TEST_F(ImapAccess, WhoHasADeletedMailboxOpenIsToldAndMayCloseIt) {
  anna.line("a CREATE Box");
  grant("Box", "lrswite");
  Talk third(world);
  third.enter();
  for (Talk* talk : {&bob, &third}) {
    talk->line(talk == &bob ? "b SELECT \"Other Users/anna@example.org/Box\"" : "b SELECT Box");
  }
  Talk idle(world);
  idle.enter();
  idle.line("c SELECT Box");
  idle.line("d IDLE");
  anna.line("e DELETE Box");
  EXPECT_EQ(idle.wake(), "* BYE The mailbox was deleted\r\n");
  EXPECT_EQ(third.line("f CLOSE"), "f OK CLOSE completed\r\n");
  EXPECT_THAT(third.line("g SELECT INBOX"), AllOf(Not(HasSubstr("CLOSED")), EndsWith("g OK [READ-WRITE] Open\r\n")));
  EXPECT_EQ(bob.line("h UID FETCH 1:* (FLAGS)"), "* BYE The mailbox was deleted\r\n");
  EXPECT_TRUE(bob.closed);
}

TEST_F(ImapAccess, AFolderOfOnesOwnHidesTheNamespace) {
  const auto own = world.account(kBob);
  ASSERT_TRUE(own->create_folder("Other Users/anna@example.org/INBOX"));
  grant("INBOX", "lr");
  world.deliver("Subject: x\r\n\r\nx");
  EXPECT_THAT(bob.line("a STATUS \"Other Users/anna@example.org/INBOX\" (MESSAGES)"), HasSubstr("MESSAGES 0"));
  const std::string list = bob.line("b LIST \"\" \"Other*\"");
  EXPECT_EQ(list.find("anna@example.org/INBOX"), list.rfind("anna@example.org/INBOX"));
}

TEST_F(ImapAccess, MailboxIdsDifferBetweenAccounts) {
  grant("INBOX", "lr");
  const std::string mine = bob.line("a STATUS INBOX (MAILBOXID)");
  const std::string hers = bob.line("b STATUS \"Other Users/anna@example.org/INBOX\" (MAILBOXID)");
  const auto id = [](const std::string& answer) { return answer.substr(answer.find("MAILBOXID (") + 11, 6); };
  EXPECT_NE(id(mine).substr(0, 5), id(hers).substr(0, 5));
}

TEST_F(ImapAccess, ParentsThatMayNotBeSeenOnlyHoldTheirChildren) {
  anna.line("a CREATE A/B");
  grant("A/B", "lr");
  EXPECT_EQ(bob.line("b LIST \"\" \"Other Users/*\""),
            "* LIST (\\Noselect \\HasChildren) \"/\" \"Other Users/anna@example.org\"\r\n"
            "* LIST (\\Noselect \\HasChildren) \"/\" \"Other Users/anna@example.org/A\"\r\n"
            "* LIST (\\HasNoChildren) \"/\" \"Other Users/anna@example.org/A/B\"\r\n"
            "b OK LIST completed\r\n");
  EXPECT_THAT(bob.line("c SELECT \"Other Users/anna@example.org/A\""), HasSubstr("c NO [NONEXISTENT]"));
  EXPECT_THAT(bob.line("d LIST (SPECIAL-USE) \"\" *"), Not(HasSubstr("Other Users")));
}

TEST_F(ImapAccess, FoldersMayBeMadeWhereTheRightIs) {
  grant("INBOX", "lrk");
  EXPECT_THAT(bob.line("a CREATE \"Other Users/anna@example.org/INBOX/x/y\""), HasSubstr("a OK [MAILBOXID"));
  EXPECT_THAT(bob.line("b MYRIGHTS \"Other Users/anna@example.org/INBOX/x/y\""), HasSubstr(" lrkc\r\n"));
  EXPECT_THAT(bob.line("c DELETE \"Other Users/anna@example.org/INBOX/x/y\""), HasSubstr("c NO [NOPERM]"));
  EXPECT_THAT(bob.line("d CREATE \"Other Users/anna@example.org/top\""), HasSubstr("d NO [NONEXISTENT]"));
  EXPECT_THAT(bob.line("e RENAME INBOX \"Other Users/anna@example.org/INBOX/z\""), HasSubstr("e NO [CANNOT]"));
  grant("INBOX/x/y", "lrx");
  EXPECT_THAT(bob.line("f RENAME \"Other Users/anna@example.org/INBOX/x/y\" \"Other Users/anna@example.org/INBOX/q\""),
              HasSubstr("f OK"));
  EXPECT_THAT(bob.line("g DELETE \"Other Users/anna@example.org/INBOX/q\""), HasSubstr("g OK"));
}

}  // namespace
}  // namespace gatepost::imap::server
