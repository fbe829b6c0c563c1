// NOTIFY about mailboxes of others, and about annotations (RFC 5465 5.4, 5.6, 5.7).

#include <gmock/gmock.h>

#include "imap/server/test_support.hpp"

namespace gatepost::imap::server {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ImapNotificationsOfOthers : public testing::Test {
 protected:
  ImapNotificationsOfOthers() {
    world.add(kBob, kBobsPassword);
    world.deliver(mail("one"));
    anna.enter();
    bob.enter(kBob, kBobsPassword);
  }
  void grant(std::string_view folder, std::string_view letters) {
    EXPECT_THAT(anna.line("g SETACL " + std::string(folder) + " bob@example.org " + std::string(letters)),
                EndsWith("g OK SETACL completed\r\n"));
  }
  // What Bob is told without asking.
  std::string told() { return bob.wake(); }
  void set(std::string_view groups) {
    EXPECT_THAT(bob.line("n NOTIFY SET " + std::string(groups)), EndsWith("n OK NOTIFY completed\r\n"));
    told();
  }

  World world;
  Talk anna{world}, bob{world};
  static constexpr std::string_view kInbox = "\"Other Users/anna@example.org/INBOX\"";
};

TEST_F(ImapNotificationsOfOthers, TellOfTheSelectedMailboxAtOnce) {
  grant("INBOX", "lr");
  set("(SELECTED (MessageNew (UID) MessageExpunge FlagChange))");
  bob.line("s SELECT \"Other Users/anna@example.org/INBOX\"");
  told();
  world.deliver(mail("two"));
  EXPECT_THAT(told(), AllOf(HasSubstr("* 2 EXISTS"), HasSubstr("* 2 FETCH (UID 2)")));
  bob.line("u UNSELECT");
  world.deliver(mail("three"));
  EXPECT_EQ(told(), "");
  // Also when the mailbox was selected first.
  bob.line("n NOTIFY NONE");
  bob.line("s SELECT \"Other Users/anna@example.org/INBOX\"");
  set("(SELECTED-DELAYED (MessageNew MessageExpunge))");
  world.deliver(mail("four"));
  EXPECT_THAT(told(), HasSubstr("* 4 EXISTS"));
  grant("INBOX", "l");
  EXPECT_THAT(told(), StartsWith("* BYE "));
}

TEST_F(ImapNotificationsOfOthers, TellOfMessagesInWhatMayBeRead) {
  grant("INBOX", "lr");
  grant("Sent", "l");
  const std::string answer = bob.line("n NOTIFY SET STATUS (SUBTREE \"Other Users\" (MessageNew MessageExpunge))");
  EXPECT_THAT(answer, AllOf(HasSubstr("* STATUS \"Other Users/anna@example.org/INBOX\" (MESSAGES 1 UIDNEXT 2"),
                            HasSubstr("* LIST (\\NoAccess) \"/\" \"Other Users/anna@example.org/Sent\"\r\n"),
                            Not(HasSubstr("STATUS \"Other Users/anna@example.org/Sent")), Not(HasSubstr("Drafts"))));
  world.deliver(mail("two"));
  EXPECT_EQ(told(), "* STATUS \"Other Users/anna@example.org/INBOX\" (MESSAGES 2 UIDNEXT 3)\r\n");
  world.deliver(mail("two"), "Sent");
  EXPECT_EQ(told(), "");
  grant("Sent", "lr");
  world.deliver(mail("three"), "Sent");
  EXPECT_EQ(told(), "* STATUS \"Other Users/anna@example.org/Sent\" (MESSAGES 2 UIDNEXT 3)\r\n");
  grant("Sent", "l");
  world.deliver(mail("four"), "Sent");
  EXPECT_EQ(told(), "");
  // Nothing of what one put there oneself.
  grant("INBOX", "lri");
  EXPECT_THAT(bob.say("e APPEND \"Other Users/anna@example.org/INBOX\" {3+}\r\na\r\n\r\n"), StartsWith("e OK"));
  EXPECT_EQ(told(), "");
}

// \Seen of one's own: told to one's other sessions, and to nobody else.
TEST_F(ImapNotificationsOfOthers, TellWhatIsReadToItsReader) {
  world.deliver(mail("two"));
  ASSERT_TRUE(world.account(kAnna)->set_own_seen(true));
  grant("INBOX", "lrs");
  Talk phone{world};
  phone.enter(kBob, kBobsPassword);
  const std::string select = "s SELECT " + std::string(kInbox);
  const std::string opened = phone.line(select);
  EXPECT_THAT(opened, AllOf(HasSubstr("[UNSEEN 1]"), HasSubstr("[PERMANENTFLAGS (\\Seen)]")));
  phone.line("i IDLE");
  anna.line("s SELECT INBOX");
  anna.line("i IDLE");
  bob.line("n NOTIFY SET (SUBTREE \"Other Users\" (MessageNew MessageExpunge FlagChange))");
  told();
  Talk desk{world};
  desk.enter(kBob, kBobsPassword);
  desk.line(select);
  EXPECT_THAT(desk.line("t STORE 2 +FLAGS.SILENT (\\Seen)"), HasSubstr("t OK"));
  EXPECT_THAT(phone.wake(), HasSubstr("* 2 FETCH (FLAGS (\\Seen"));
  EXPECT_EQ(anna.wake(), "");
  EXPECT_THAT(told(), HasSubstr("(UIDVALIDITY"));
  EXPECT_THAT(desk.line("u STATUS " + std::string(kInbox) + " (UNSEEN)"), HasSubstr("(UNSEEN 1)"));
  EXPECT_THAT(anna.line("DONE"), HasSubstr("i OK"));
  EXPECT_THAT(anna.line("t STORE 1 +FLAGS.SILENT (\\Seen)"), HasSubstr("t OK"));
  EXPECT_THAT(phone.wake(), Not(HasSubstr("* 1 FETCH (FLAGS (\\Seen")));
  // Whose it is may change under an open mailbox.
  ASSERT_TRUE(world.account(kAnna)->set_own_seen(false));
  EXPECT_THAT(phone.wake(), AllOf(HasSubstr("* 1 FETCH (FLAGS (\\Seen"), HasSubstr("* 2 FETCH (FLAGS (")));
}

TEST_F(ImapNotificationsOfOthers, PersonalOnesAreNotTheirs) {
  grant("INBOX", "lr");
  set("(PERSONAL (MessageNew MessageExpunge MailboxName)) (INBOXES (MessageNew MessageExpunge))");
  world.deliver(mail("two"));
  EXPECT_EQ(told(), "");
}

TEST_F(ImapNotificationsOfOthers, RightsMakeMailboxesComeAndGo) {
  set("(SUBTREE \"Other Users\" (MessageNew MessageExpunge MailboxName))");
  grant("INBOX", "lr");
  EXPECT_EQ(told(), "* LIST (\\HasNoChildren) \"/\" \"Other Users/anna@example.org/INBOX\"\r\n");
  world.deliver(mail("two"));
  EXPECT_EQ(told(), "* STATUS \"Other Users/anna@example.org/INBOX\" (MESSAGES 2 UIDNEXT 3)\r\n");
  grant("Sent", "r");
  EXPECT_EQ(told(), "") << "r without l shows nothing";
  grant("Sent", "lr");
  EXPECT_THAT(told(), HasSubstr("anna@example.org/Sent"));
  grant("Sent", "\"\"");
  EXPECT_EQ(told(), "* LIST (\\NonExistent \\HasNoChildren) \"/\" \"Other Users/anna@example.org/Sent\"\r\n");
  grant("INBOX", "\"\"");
  EXPECT_EQ(told(), "* LIST (\\NonExistent \\HasNoChildren) \"/\" \"Other Users/anna@example.org/INBOX\"\r\n");
  world.deliver(mail("three"));
  EXPECT_EQ(told(), "");
  // And come again.
  grant("INBOX", "lr");
  EXPECT_THAT(told(), HasSubstr("* LIST (\\HasNoChildren) \"/\" \"Other Users/anna@example.org/INBOX\"\r\n"));
}

TEST_F(ImapNotificationsOfOthers, TellOfNames) {
  anna.line("c CREATE Work");
  grant("Work", "lrkx");
  set("(SUBTREE \"Other Users/anna@example.org\" (MailboxName))");
  anna.line("c CREATE Work/Old");
  EXPECT_THAT(told(), AllOf(HasSubstr("(\\HasNoChildren) \"/\" \"Other Users/anna@example.org/Work/Old\"\r\n"),
                            HasSubstr("(\\HasChildren) \"/\" \"Other Users/anna@example.org/Work\"\r\n")));
  anna.line("c RENAME Work Done");
  EXPECT_EQ(told(),
            "* LIST (\\HasChildren) \"/\" \"Other Users/anna@example.org/Done\" (\"OLDNAME\" (\"Other "
            "Users/anna@example.org/Work\"))\r\n");
  anna.line("c CREATE Hidden");
  EXPECT_EQ(told(), "");
  anna.line("c DELETE Done/Old");
  EXPECT_THAT(told(), HasSubstr("(\\NonExistent \\HasNoChildren) \"/\" \"Other Users/anna@example.org/Done/Old\"\r\n"));
  EXPECT_THAT(bob.line("d CREATE \"Other Users/anna@example.org/Done/Mine\""), EndsWith("CREATE completed\r\n"));
  EXPECT_EQ(told(), "");
}

TEST_F(ImapNotificationsOfOthers, SubscribedOnesCount) {
  grant("INBOX", "lr");
  grant("Sent", "lr");
  set("(SUBSCRIBED (MessageNew MessageExpunge SubscriptionChange))");
  world.deliver(mail("two"));
  EXPECT_EQ(told(), "");
  bob.line("s SUBSCRIBE \"Other Users/anna@example.org/INBOX\"");
  told();
  world.deliver(mail("three"));
  world.deliver(mail("three"), "Sent");
  EXPECT_EQ(told(), "* STATUS \"Other Users/anna@example.org/INBOX\" (MESSAGES 3 UIDNEXT 4)\r\n");
  Talk again{world};
  again.enter(kBob, kBobsPassword);
  again.line("u UNSUBSCRIBE \"Other Users/anna@example.org/INBOX\"");
  EXPECT_EQ(told(), "* LIST (\\HasNoChildren) \"/\" \"Other Users/anna@example.org/INBOX\"\r\n");
}

TEST_F(ImapNotificationsOfOthers, AnnotationsAreNews) {
  grant("INBOX", "lr");
  grant("Sent", "lw");
  set("(SUBTREE \"Other Users\" (MailboxMetadataChange)) (PERSONAL (MailboxMetadataChange ServerMetadataChange))");
  anna.line("a SETMETADATA INBOX (/private/comment \"hers\" /shared/comment \"y\")");
  EXPECT_EQ(told(), "* METADATA \"Other Users/anna@example.org/INBOX\" /shared/comment\r\n");
  anna.line("a SETMETADATA Sent (/shared/comment \"y\")");
  EXPECT_EQ(told(), "") << "not without the right to read";
  Talk again{world};
  again.enter(kBob, kBobsPassword);
  again.line("b SETMETADATA \"\" (/private/vendor/x \"y\")");
  EXPECT_EQ(told(), "* METADATA \"\" /private/vendor/x\r\n");
  again.line("c SETMETADATA Drafts (/private/comment \"y\")");
  again.line("c SETMETADATA Drafts (/private/comment NIL)");
  EXPECT_EQ(told(), "* METADATA Drafts /private/comment\r\n");
  bob.line("d SETMETADATA Drafts (/private/comment \"z\")");
  EXPECT_EQ(told(), "") << "one's own is no news";
  // Once, also for who has asked twice.
  bob.line("e ENABLE METADATA");
  again.line("f SETMETADATA Drafts (/private/comment \"1\")");
  EXPECT_EQ(told(), "* METADATA Drafts /private/comment\r\n");
  set("(MAILBOXES Trash (MailboxMetadataChange))");
}

TEST_F(ImapNotificationsOfOthers, AnnotationsOfWhatWasNotChosenAreNone) {
  set("(MAILBOXES Trash (MailboxMetadataChange))");
  Talk again{world};
  again.enter(kBob, kBobsPassword);
  again.line("a SETMETADATA \"\" (/private/vendor/x \"y\")");
  again.line("b SETMETADATA Drafts (/private/comment \"y\")");
  EXPECT_EQ(told(), "");
  again.line("c SETMETADATA Trash (/private/comment \"y\")");
  EXPECT_EQ(told(), "* METADATA Trash /private/comment\r\n");
}

// What keywords an account has says what is in all of its folders.
TEST_F(ImapNotificationsOfOthers, FlagsNamesOnlyKeywordsOfTheFolder) {
  anna.line("s SELECT INBOX");
  anna.line("t STORE 1 +FLAGS (Visible)");
  anna.line("c COPY 1 Sent");
  anna.line("s SELECT Sent");
  anna.line("t STORE 1 +FLAGS (Secret)");
  grant("INBOX", "lrsw");
  const std::string answer = bob.line("s SELECT " + std::string(kInbox));
  EXPECT_THAT(answer, AllOf(HasSubstr("* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft)\r\n"),
                            HasSubstr("[PERMANENTFLAGS (\\Seen \\Answered \\Flagged \\Draft \\*)]"),
                            Not(HasSubstr("Visible")), Not(HasSubstr("Secret"))));
  for (const char* fetch : {"f FETCH 1 FLAGS", "f FETCH 1 (FLAGS BODY.PEEK[])"}) {
    bob.line("s SELECT " + std::string(kInbox));
    const std::string flags = bob.line(fetch);
    EXPECT_THAT(flags, StartsWith("* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft Visible)\r\n"));
    EXPECT_THAT(flags, AllOf(HasSubstr("* 1 FETCH (FLAGS (Visible)"), Not(HasSubstr("Secret"))));
    EXPECT_THAT(bob.line(fetch), Not(HasSubstr("* FLAGS")));
  }
  EXPECT_THAT(bob.line("t STORE 1 +FLAGS (Mine)"),
              AllOf(HasSubstr("* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft Visible Mine)\r\n"),
                    HasSubstr("* 1 FETCH (FLAGS (Visible Mine))")));
  anna.line("s SELECT INBOX");
  anna.line("t STORE 1 +FLAGS (Hers)");
  EXPECT_THAT(bob.line("n NOOP"),
              AllOf(HasSubstr("Visible Mine Hers)\r\n"), HasSubstr("FETCH (FLAGS (Visible Mine Hers")));
}

}  // namespace
}  // namespace gatepost::imap::server
