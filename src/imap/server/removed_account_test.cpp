// What users removed, as a mailbox.

#include <gmock/gmock.h>

#include "imap/server/test_support.hpp"

namespace gatepost::imap::server {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ImapRecoverable : public testing::Test {
 protected:
  ImapRecoverable() {
    world.settings.recoverable_folder = "Recoverable Items";
    world.server->reload(world.settings);
    for (int i = 1; i <= 4; ++i) {
      world.deliver("Subject: number " + std::to_string(i) + "\r\n\r\ntext " + std::to_string(i) + "\r\n");
    }
    talk.emplace(world);
    talk->enter();
    line("s SELECT INBOX");
    line("f STORE 2 +FLAGS.SILENT (\\Seen $Work)");
    line("d STORE 1:3 +FLAGS.SILENT (\\Deleted)");
    line("e EXPUNGE");
  }
  std::string line(std::string_view text) { return talk->line(text); }

  World world;
  std::optional<Talk> talk;
};

TEST_F(ImapRecoverable, IsListedAndCounted) {
  EXPECT_THAT(line("a LIST \"\" *"), HasSubstr("* LIST (\\HasNoChildren) \"/\" \"Recoverable Items\"\r\n"));
  EXPECT_THAT(line("b STATUS \"Recoverable Items\" (MESSAGES)"), HasSubstr("(MESSAGES 3)"));
  EXPECT_THAT(line("c LIST \"\" \"Recov%\" RETURN (STATUS (MESSAGES))"), HasSubstr("(MESSAGES 3)"));
  world.settings.recoverable_folder.clear();
  world.server->reload(world.settings);
  Talk without(world);
  without.enter();
  EXPECT_THAT(without.line("a LIST \"\" *"), Not(HasSubstr("Recoverable")));
  EXPECT_THAT(without.line("b SELECT \"Recoverable Items\""), StartsWith("b NO [NONEXISTENT]"));
}

TEST_F(ImapRecoverable, IsReadLikeAnyOther) {
  const std::string opened = line("a SELECT \"Recoverable Items\"");
  EXPECT_THAT(opened, AllOf(HasSubstr("* 3 EXISTS\r\n"), HasSubstr("* NO [UIDNOTSTICKY]"),
                            HasSubstr("[PERMANENTFLAGS ()]"), HasSubstr("a OK [READ-ONLY]")));
  EXPECT_THAT(line("b FETCH 1:3 (UID FLAGS BODY.PEEK[TEXT])"),
              AllOf(HasSubstr("* 1 FETCH (UID 1 FLAGS () BODY[TEXT] {8}\r\ntext 1\r\n)"),
                    HasSubstr("* 2 FETCH (UID 2 FLAGS (\\Seen $Work) BODY[TEXT]")));
  EXPECT_THAT(line("c SEARCH SUBJECT 3"), StartsWith("* SEARCH 3\r\n"));
  EXPECT_THAT(line("d SEARCH UNSEEN"), StartsWith("* SEARCH 1 3\r\n"));
  EXPECT_THAT(line("e UID SORT (REVERSE SUBJECT) UTF-8 ALL"), StartsWith("* SORT 3 2 1\r\n"));
  // Another list has another UIDVALIDITY.
  EXPECT_THAT(line("f SELECT \"Recoverable Items\""),
              Not(HasSubstr(opened.substr(opened.find("[UIDVALIDITY"), opened.find("] UIDs") - opened.find("[UIDV")))));
}

TEST_F(ImapRecoverable, GivesBackByMove) {
  line("a SELECT \"Recoverable Items\"");
  EXPECT_EQ(line("b MOVE 1:2 INBOX"), "* 2 EXPUNGE\r\n* 1 EXPUNGE\r\nb OK MOVE completed\r\n");
  EXPECT_THAT(line("c FETCH 1:* (BODY.PEEK[TEXT])"), AllOf(HasSubstr("text 3"), Not(HasSubstr("text 2"))));
  EXPECT_THAT(line("d UID MOVE 1:2 INBOX"), EndsWith("d OK MOVE completed\r\n"));
  line("e SELECT INBOX");
  EXPECT_THAT(line("f FETCH 1:* (FLAGS BODY.PEEK[TEXT])"),
              AllOf(HasSubstr("text 1"), HasSubstr("FLAGS (\\Seen $Work \\Recent) BODY[TEXT] {8}\r\ntext 2")));
  EXPECT_THAT(line("g STATUS \"Recoverable Items\" (MESSAGES)"), HasSubstr("(MESSAGES 1)"));
}

TEST_F(ImapRecoverable, GivesACopy) {
  line("a SELECT \"Recoverable Items\"");
  EXPECT_THAT(line("b COPY 2 Archive"), HasSubstr("b OK [COPYUID "));
  EXPECT_THAT(line("c STATUS Archive (MESSAGES UNSEEN)"), HasSubstr("(MESSAGES 1 UNSEEN 0)"));
  EXPECT_THAT(line("d FETCH 1:* UID"), HasSubstr("* 3 FETCH"));
}

TEST_F(ImapRecoverable, IsForReadingAlone) {
  for (const char* command :
       {"DELETE \"Recoverable Items\"", "RENAME \"Recoverable Items\" x", "SETACL \"Recoverable Items\" anyone lr",
        "SETMETADATA \"Recoverable Items\" (/private/comment \"x\")"}) {
    EXPECT_THAT(line("a " + std::string(command)), HasSubstr("a NO ")) << command;
  }
  EXPECT_THAT(talk->say("b APPEND \"Recoverable Items\" {1+}\r\nx\r\n"), HasSubstr("b NO "));
  line("c SELECT INBOX");
  EXPECT_THAT(line("d COPY 1 \"Recoverable Items\""), StartsWith("d NO "));
  line("e SELECT \"Recoverable Items\"");
  EXPECT_THAT(line("f STORE 1 +FLAGS (\\Deleted)"), StartsWith("f NO "));
  EXPECT_THAT(line("g EXPUNGE"), StartsWith("g NO "));
  EXPECT_THAT(line("h MOVE 1 Nowhere"), StartsWith("h NO [TRYCREATE]"));
  EXPECT_THAT(line("i MOVE 1 \"Recoverable Items\""), StartsWith("i NO "));
  EXPECT_THAT(line("j FETCH 1 BODY[TEXT]"), HasSubstr("text 1"));
  line("k CLOSE");
  EXPECT_THAT(line("l STATUS \"Recoverable Items\" (MESSAGES)"), HasSubstr("(MESSAGES 3)"));
  // What one made of this name before comes first.
  EXPECT_THAT(line("m CREATE \"Recoverable Items\""), StartsWith("m OK"));
  EXPECT_THAT(line("n SELECT \"Recoverable Items\""), HasSubstr("n OK [READ-WRITE]"));
}

}  // namespace
}  // namespace gatepost::imap::server
