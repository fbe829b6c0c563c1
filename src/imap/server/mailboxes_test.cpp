// Commands about mailboxes: LIST, LSUB, STATUS, CREATE, DELETE, RENAME, SUBSCRIBE.

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

class ImapMailboxes : public testing::Test {
 protected:
  ImapMailboxes() { talk.enter(); }
  World world;
  Talk talk{world};
};

TEST_F(ImapMailboxes, ListsAllWithTheirUses) {
  talk.line("a CREATE Projects/2026");
  EXPECT_EQ(talk.line("a LIST \"\" *"),
            "* LIST (\\HasNoChildren \\Archive) \"/\" Archive\r\n"
            "* LIST (\\HasNoChildren \\Drafts) \"/\" Drafts\r\n"
            "* LIST (\\HasNoChildren) \"/\" INBOX\r\n"
            "* LIST (\\HasNoChildren \\Junk) \"/\" Junk\r\n"
            "* LIST (\\HasChildren) \"/\" Projects\r\n"
            "* LIST (\\HasNoChildren) \"/\" Projects/2026\r\n"
            "* LIST (\\HasNoChildren \\Sent) \"/\" Sent\r\n"
            "* LIST (\\HasNoChildren \\Trash) \"/\" Trash\r\n"
            "a OK LIST completed\r\n");
  EXPECT_EQ(talk.line("b LIST Projects/ %"), "* LIST (\\HasNoChildren) \"/\" Projects/2026\r\nb OK LIST completed\r\n");
  EXPECT_EQ(talk.line("c LIST \"\" \"\""), "* LIST (\\Noselect) \"/\" \"\"\r\nc OK LIST completed\r\n");
  EXPECT_EQ(talk.line("d LIST \"\" (inbox Sen%)"),
            "* LIST (\\HasNoChildren) \"/\" INBOX\r\n* LIST (\\HasNoChildren \\Sent) \"/\" Sent\r\nd OK LIST "
            "completed\r\n");
  EXPECT_EQ(talk.line("e LIST (SPECIAL-USE) \"\" %"),
            "* LIST (\\HasNoChildren \\Archive) \"/\" Archive\r\n"
            "* LIST (\\HasNoChildren \\Drafts) \"/\" Drafts\r\n"
            "* LIST (\\HasNoChildren \\Junk) \"/\" Junk\r\n"
            "* LIST (\\HasNoChildren \\Sent) \"/\" Sent\r\n"
            "* LIST (\\HasNoChildren \\Trash) \"/\" Trash\r\n"
            "e OK LIST completed\r\n");
}

TEST_F(ImapMailboxes, ListsSubscriptionsAndTheirParents) {
  talk.line("a CREATE a/b/c");
  for (const std::string_view name : {"a/b/c", "gone/away", "INBOX"}) talk.line("s SUBSCRIBE " + std::string(name));
  for (const std::string_view name : {"Drafts", "Sent", "Trash", "Junk", "Archive"}) {
    talk.line("u UNSUBSCRIBE " + std::string(name));
  }
  EXPECT_EQ(talk.line("b LIST (SUBSCRIBED) \"\" *"),
            "* LIST (\\HasNoChildren \\Subscribed) \"/\" INBOX\r\n"
            "* LIST (\\HasNoChildren \\Subscribed) \"/\" a/b/c\r\n"
            "* LIST (\\NonExistent \\HasNoChildren \\Subscribed) \"/\" gone/away\r\n"
            "b OK LIST completed\r\n");
  EXPECT_EQ(talk.line("c LIST (SUBSCRIBED RECURSIVEMATCH) \"\" %"),
            "* LIST (\\HasNoChildren \\Subscribed) \"/\" INBOX\r\n"
            "* LIST (\\HasChildren) \"/\" a (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n"
            "* LIST (\\NonExistent \\HasNoChildren) \"/\" gone (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n"
            "c OK LIST completed\r\n");
  EXPECT_EQ(talk.line("d LIST \"\" a/b* RETURN (SUBSCRIBED)"),
            "* LIST (\\HasChildren) \"/\" a/b\r\n"
            "* LIST (\\HasNoChildren \\Subscribed) \"/\" a/b/c\r\n"
            "d OK LIST completed\r\n");
  EXPECT_EQ(talk.line("e LSUB \"\" *"),
            "* LSUB () \"/\" INBOX\r\n* LSUB () \"/\" a/b/c\r\n* LSUB (\\Noselect) \"/\" gone/away\r\ne OK LSUB "
            "completed\r\n");
  EXPECT_EQ(talk.line("f LSUB \"\" %"),
            "* LSUB () \"/\" INBOX\r\n* LSUB (\\Noselect) \"/\" a\r\n* LSUB (\\Noselect) \"/\" gone\r\nf OK LSUB "
            "completed\r\n");
}

TEST_F(ImapMailboxes, TellsTheirStatus) {
  world.deliver("Subject: a\r\n\r\nx\r\n");
  world.deliver("Subject: b\r\n\r\ny\r\n", "INBOX", account::flag::kSeen | account::flag::kDeleted);
  EXPECT_EQ(talk.line("a STATUS inbox (MESSAGES UNSEEN RECENT UIDNEXT UIDVALIDITY DELETED SIZE)"),
            "* STATUS INBOX (MESSAGES 2 RECENT 2 UIDNEXT 3 UIDVALIDITY 1767225600 UNSEEN 1 DELETED 1 SIZE 34)\r\n"
            "a OK STATUS completed\r\n");
  EXPECT_THAT(talk.line("b STATUS INBOX (HIGHESTMODSEQ APPENDLIMIT DELETED-STORAGE MAILBOXID)"),
              AllOf(HasSubstr("HIGHESTMODSEQ "), HasSubstr("APPENDLIMIT 52428800"), HasSubstr("MAILBOXID (F"),
                    HasSubstr("DELETED-STORAGE 17")));
  EXPECT_EQ(talk.line("c STATUS Nowhere (MESSAGES)"), "c NO [NONEXISTENT] No such mailbox\r\n");
  EXPECT_EQ(talk.line("d LIST \"\" (INBOX Sent) RETURN (STATUS (MESSAGES))"),
            "* LIST (\\HasNoChildren) \"/\" INBOX\r\n* STATUS INBOX (MESSAGES 2)\r\n"
            "* LIST (\\HasNoChildren \\Sent) \"/\" Sent\r\n* STATUS Sent (MESSAGES 0)\r\nd OK LIST completed\r\n");
}

TEST_F(ImapMailboxes, CreatesThem) {
  EXPECT_THAT(talk.line("a CREATE Work/"),
              AllOf(StartsWith("a OK [MAILBOXID (F"), EndsWith(")] CREATE completed\r\n")));
  EXPECT_EQ(talk.line("b CREATE Work"), "b NO [ALREADYEXISTS] There is one of this name already\r\n");
  EXPECT_EQ(talk.line("c CREATE inbox"), "c NO [ALREADYEXISTS] There is one of this name already\r\n");
  EXPECT_THAT(talk.line("d CREATE Stars (USE (\\Flagged))"), StartsWith("d OK "));
  EXPECT_EQ(talk.line("e CREATE More (USE (\\Flagged))"), "e NO [USEATTR] Another mailbox has this use\r\n");
  EXPECT_EQ(talk.line("f CREATE Odd (USE (\\Whatever))"), "f NO [USEATTR] A mailbox cannot have this use here\r\n");
  EXPECT_EQ(talk.line("g CREATE a//b"), "g NO [CANNOT] That is not possible\r\n");
  EXPECT_THAT(talk.line("h CREATE \"&bad\""), StartsWith("h NO [CANNOT] "));
  EXPECT_THAT(talk.line("i CREATE Entw&APw-rfe"), StartsWith("i OK "));
  EXPECT_THAT(talk.line("j LIST \"\" Entw*"), StartsWith("* LIST (\\HasNoChildren) \"/\" Entw&APw-rfe\r\n"));
  talk.line("k ENABLE IMAP4rev2");
  EXPECT_THAT(talk.line("l LIST \"\" Entw*"), StartsWith("* LIST (\\HasNoChildren) \"/\" \"Entw\xc3\xbcrfe\"\r\n"));
}

TEST_F(ImapMailboxes, DeletesThem) {
  talk.line("a CREATE a/b");
  EXPECT_EQ(talk.line("b DELETE Nowhere"), "b NO [NONEXISTENT] No such mailbox\r\n");
  EXPECT_EQ(talk.line("c DELETE INBOX"), "c NO [CANNOT] That cannot be done with this mailbox\r\n");
  EXPECT_EQ(talk.line("d DELETE a"), "d OK DELETE completed\r\n");
  EXPECT_EQ(
      talk.line("e LIST \"\" a*"),
      "* LIST (\\Noselect \\HasChildren) \"/\" a\r\n* LIST (\\HasNoChildren) \"/\" a/b\r\ne OK LIST completed\r\n");
  EXPECT_EQ(talk.line("f DELETE a"), "f NO [HASCHILDREN] It holds other mailboxes\r\n");
  EXPECT_EQ(talk.line("g SELECT a"), "g NO [CANNOT] That cannot be done with this mailbox\r\n");
  EXPECT_EQ(talk.line("h STATUS a (MESSAGES)"), "h NO [CANNOT] This mailbox holds no messages\r\n");
  talk.line("i SELECT a/b");
  EXPECT_EQ(talk.line("j DELETE a/b"), "* OK [CLOSED] The mailbox is closed\r\nj OK DELETE completed\r\n");
  EXPECT_EQ(talk.line("k CLOSE"), "k BAD Select a mailbox first\r\n");
}

TEST_F(ImapMailboxes, EndsTheSessionThatHasADeletedOneOpen) {
  talk.line("a CREATE Gone");
  Talk other(world);
  other.enter();
  other.line("b SELECT Gone");
  talk.line("c DELETE Gone");
  EXPECT_EQ(other.line("d NOOP"), "* BYE The mailbox was deleted\r\n");
  EXPECT_TRUE(other.closed);
}

TEST_F(ImapMailboxes, RenamesThem) {
  talk.line("a CREATE a/b");
  EXPECT_EQ(talk.line("b RENAME a x"), "b OK RENAME completed\r\n");
  EXPECT_THAT(talk.line("c LIST \"\" x*"), HasSubstr("\"/\" x/b\r\n"));
  EXPECT_EQ(talk.line("d RENAME x Sent"), "d NO [ALREADYEXISTS] There is one of this name already\r\n");
  EXPECT_EQ(talk.line("e RENAME x x/b/c"), "e NO [CANNOT] That cannot be done with this mailbox\r\n");
  EXPECT_EQ(talk.line("f RENAME Nowhere y"), "f NO [NONEXISTENT] No such mailbox\r\n");
  talk.line("g ENABLE IMAP4rev2");
  EXPECT_EQ(talk.line("h RENAME x z"), "* LIST (\\HasChildren) \"/\" z (\"OLDNAME\" (x))\r\nh OK RENAME completed\r\n");
}

TEST_F(ImapMailboxes, RenamingTheInboxMovesItsMessages) {
  world.deliver("Subject: a\r\n\r\nx\r\n");
  talk.line("a SELECT INBOX");
  EXPECT_EQ(talk.line("b RENAME INBOX Old"), "* 1 EXPUNGE\r\nb OK RENAME completed\r\n");
  EXPECT_EQ(talk.line("c STATUS Old (MESSAGES)"), "* STATUS Old (MESSAGES 1)\r\nc OK STATUS completed\r\n");
}

TEST_F(ImapMailboxes, HaveNamespacesForThemselvesOthersAndAll) {
  EXPECT_EQ(
      talk.line("a NAMESPACE"),
      "* NAMESPACE ((\"\" \"/\")) ((\"Other Users/\" \"/\")) ((\"Shared/\" \"/\"))\r\na OK NAMESPACE completed\r\n");
}

}  // namespace
}  // namespace gatepost::imap::server
