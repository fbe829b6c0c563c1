// MESSAGELIMIT (RFC 9738) and INPROGRESS (RFC 9585).

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

class ImapMessageLimit : public testing::Test {
 protected:
  ImapMessageLimit() {
    world.settings.message_limit = 3;
    world.server->reload(world.settings);
    for (int i = 0; i < 5; ++i) world.deliver("Subject: x" + std::to_string(i) + "\r\n\r\n");
    talk.emplace(world);
    greeting = talk->enter();
    talk->line("s SELECT INBOX");
  }
  std::string line(std::string_view text) { return talk->line(text); }

  World world;
  std::optional<Talk> talk;
  std::string greeting;
};

TEST_F(ImapMessageLimit, IsAnnounced) { EXPECT_THAT(greeting, HasSubstr(" MESSAGELIMIT=3 ")); }

TEST_F(ImapMessageLimit, FetchesTheNewest) {
  EXPECT_EQ(line("a FETCH 1:4 UID"),
            "* 2 FETCH (UID 2)\r\n* 3 FETCH (UID 3)\r\n* 4 FETCH (UID 4)\r\na OK [MESSAGELIMIT 3 2] Only the newest "
            "messages, as many as one command takes\r\n");
  EXPECT_THAT(line("b FETCH 1:3 UID"), EndsWith("b OK FETCH completed\r\n"));
  EXPECT_THAT(line("c UID FETCH 1:5 UID (PARTIAL 1:4)"), StartsWith("c NO [MESSAGELIMIT 3]"));
  EXPECT_THAT(line("d UID FETCH 1:5 UID (PARTIAL 1:3)"), AllOf(HasSubstr("UID 1"), HasSubstr("d OK FETCH")));
}

TEST_F(ImapMessageLimit, TellsOfBothReasonsForLess) {
  (void)world.account()->remove(world.account()->find_folder("INBOX")->id, NumberSet::of(4, 4));
  EXPECT_THAT(line("a FETCH 1:5 UID"),
              AllOf(HasSubstr("* NO [MESSAGELIMIT 3 3]"), HasSubstr("a OK [EXPUNGEISSUED]"), Not(HasSubstr("UID 2"))));
}

TEST_F(ImapMessageLimit, SearchesTheNewest) {
  EXPECT_EQ(line("a SEARCH SUBJECT x"),
            "* SEARCH 3 4 5\r\na OK [MESSAGELIMIT 3 3] Only the newest messages, as many as one command takes\r\n");
  EXPECT_EQ(line("b SEARCH UIDBEFORE 3 SUBJECT x"), "* SEARCH 1 2\r\nb OK SEARCH completed\r\n");
  EXPECT_EQ(line("c SEARCH UIDAFTER 3 SUBJECT x"), "* SEARCH 4 5\r\nc OK SEARCH completed\r\n");
  EXPECT_EQ(line("c2 SEARCH UIDBEFORE 1"), "* SEARCH\r\nc2 OK SEARCH completed\r\n");
  EXPECT_THAT(line("d SEARCH RETURN (SAVE UPDATE) SUBJECT x"),
              AllOf(HasSubstr("NOUPDATE"), HasSubstr("d OK [MESSAGELIMIT 3 3]")));
  EXPECT_EQ(line("e SEARCH $"), "* SEARCH 3 4 5\r\ne OK SEARCH completed\r\n");
  // Nothing has to be looked at.
  EXPECT_EQ(line("f SEARCH ALL"), "* SEARCH 1 2 3 4 5\r\nf OK SEARCH completed\r\n");
}

TEST_F(ImapMessageLimit, SearchesTheNewestOfManyMailboxes) {
  EXPECT_THAT(line("a ESEARCH RETURN (COUNT) SUBJECT x"),
              AllOf(HasSubstr("COUNT 3"), HasSubstr("a OK [MESSAGELIMIT 3 3]")));
  world.deliver("Subject: x\r\n\r\n", "Sent");
  EXPECT_THAT(line("b ESEARCH IN (personal) RETURN (COUNT) SUBJECT x"),
              AllOf(HasSubstr("MAILBOX INBOX"), HasSubstr("COUNT 3"), HasSubstr("MAILBOX Sent"), HasSubstr("COUNT 1"),
                    HasSubstr("b OK [MESSAGELIMIT 3] ")));
  EXPECT_THAT(line("c ESEARCH IN (mailboxes Sent) RETURN (COUNT) SUBJECT x"), EndsWith("c OK ESEARCH completed\r\n"));
}

TEST_F(ImapMessageLimit, PutsNoMoreInOrder) {
  EXPECT_THAT(line("a SORT (SUBJECT) UTF-8 ALL"), StartsWith("a NO [MESSAGELIMIT 3]"));
  EXPECT_THAT(line("b THREAD REFERENCES UTF-8 ALL"), StartsWith("b NO [MESSAGELIMIT 3]"));
  EXPECT_THAT(line("c SORT (SUBJECT) UTF-8 UIDAFTER 2"), StartsWith("* SORT 3 4 5\r\nc OK SORT"));
}

TEST_F(ImapMessageLimit, ChangesTheNewest) {
  EXPECT_THAT(line("a STORE 1:5 +FLAGS.SILENT (\\Deleted)"), HasSubstr("a OK [MESSAGELIMIT 3 3]"));
  EXPECT_THAT(line("b STORE 1:2 +FLAGS.SILENT (\\Deleted)"), HasSubstr("b OK STORE"));
  EXPECT_THAT(line("c COPY 1:4 Sent"), StartsWith("c NO [MESSAGELIMIT 3 2]"));
  EXPECT_EQ(world.account()->find_folder("Sent")->total, 0U);
  EXPECT_THAT(line("d UID EXPUNGE 1:5"),
              AllOf(HasSubstr("* 5 EXPUNGE"), Not(HasSubstr("* 2 EXPUNGE")), HasSubstr("d OK [MESSAGELIMIT 3 3]")));
  EXPECT_THAT(line("e EXPUNGE"), AllOf(HasSubstr("* 1 EXPUNGE"), HasSubstr("e OK EXPUNGE")));
}

TEST_F(ImapMessageLimit, MovesTheNewest) {
  EXPECT_THAT(line("a MOVE 1:5 Sent"), AllOf(HasSubstr("COPYUID"), HasSubstr("* 5 EXPUNGE"), HasSubstr("* 3 EXPUNGE"),
                                             Not(HasSubstr("* 2 EXPUNGE")), HasSubstr("a OK [MESSAGELIMIT 3 3]")));
  EXPECT_EQ(world.account()->find_folder("Sent")->total, 3U);
}

TEST_F(ImapMessageLimit, AppendsNoMore) {
  EXPECT_THAT(talk->say("a APPEND INBOX {1+}\r\na {1+}\r\nb {1+}\r\nc {1+}\r\nd\r\n"),
              HasSubstr("a NO [MESSAGELIMIT 3]"));
  EXPECT_THAT(talk->say("b APPEND INBOX {1+}\r\na {1+}\r\nb {1+}\r\nc\r\n"), HasSubstr("b OK"));
}

TEST(ImapProgress, IsToldOfCommandsThatTakeLong) {
  World world;
  for (int i = 0; i < 4; ++i) world.deliver("Subject: x\r\n\r\ntext " + std::to_string(i) + "\r\n");
  Talk talk(world);
  EXPECT_THAT(talk.enter(), HasSubstr(" INPROGRESS "));
  talk.line("s SELECT INBOX");
  EXPECT_THAT(talk.line("a SEARCH BODY text"), StartsWith("* SEARCH 1 2 3 4\r\n"));
  // Each message takes a while.
  world.store.refuse_read = [&world](std::uint64_t) {
    world.clock.advance(std::chrono::seconds(6));
    return std::nullopt;
  };
  EXPECT_THAT(talk.line("b SEARCH BODY text"),
              StartsWith("* OK [INPROGRESS (\"b\" 2 4)] Still working\r\n* SEARCH 1 2 3 4"));
  EXPECT_THAT(talk.line("b]c SEARCH BODY text"), StartsWith("* OK [INPROGRESS (NIL 2 4)] Still working\r\n"));
}

class ImapProgressOfCopies : public testing::Test {
 protected:
  ImapProgressOfCopies() {
    world.deliver("Subject: x\r\n\r\n");
    const auto account = world.account();
    const auto inbox = account->find_folder("INBOX");
    account::Row first;
    (void)account->rows(inbox->id, NumberSet::of(1, 1), [&](const account::Row& row) {
      first = row;
      return false;
    });
    account::NewItem item;
    item.body = account->item(first.item)->body;
    const std::vector<account::NewItem> some(1'000, item);
    for (int i = 0; i < 6; ++i) (void)account->append(inbox->id, some);
    talk.enter();
    talk.line("s SELECT INBOX");
    world.store.refuse_commit = [this](store::Partition, const store::Batch&) -> std::optional<Errc> {
      world.clock.advance(std::chrono::seconds(6));
      if (--fails_after == 0) return Errc::disk_full;
      return std::nullopt;
    };
  }
  int fails_after = 0;  // so many commits
  World world;
  Talk talk{world};
};

TEST_F(ImapProgressOfCopies, IsTold) {
  const std::string answer = talk.line("a COPY 1:* Sent");
  EXPECT_THAT(answer, StartsWith("* OK [INPROGRESS (\"a\" 5000 6001)] Still working\r\n"));
  EXPECT_THAT(answer, HasSubstr("a OK [COPYUID "));
  EXPECT_EQ(world.account()->find_folder("Sent")->total, 6'001U);
  EXPECT_THAT(talk.line("b MOVE 1:* Trash"),
              AllOf(StartsWith("* OK [INPROGRESS (\"b\" 5000 6001)] Still working\r\n* OK [COPYUID "),
                    HasSubstr("* 1 EXPUNGE\r\n")));
}

TEST_F(ImapProgressOfCopies, OneThatFailsLeavesNothing) {
  fails_after = 6;  // one of the last thousand
  EXPECT_THAT(talk.line("a COPY 1:* Sent"), HasSubstr("a NO "));
  EXPECT_EQ(world.account()->find_folder("Sent")->total, 0U);
}

}  // namespace
}  // namespace gatepost::imap::server
