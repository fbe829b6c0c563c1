#include "imap/protocol/mailbox_name.hpp"

#include <gtest/gtest.h>

namespace gatepost::imap {
namespace {

TEST(ImapMailboxName, TranslatesModifiedUtf7BothWays) {
  const std::pair<std::string_view, std::string_view> kPairs[] = {
      {"", ""},
      {"Sent Items", "Sent Items"},
      {"R&-D", "R&D"},
      {"~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"},  // RFC 3501 5.1.3
      {"Entw&APw-rfe", "Entwürfe"},
      {"&AOkA6Q-", "éé"},
      {"&AOk-&-", "é&"},
      {"&2D3eAA-", "😀"},
      {"&AAE-", "\x01"},
  };
  for (const auto& [wire, text] : kPairs) {
    EXPECT_EQ(modified_utf7_to_utf8(wire), text);
    EXPECT_EQ(utf8_to_modified_utf7(text), wire);
  }
}

TEST(ImapMailboxName, RefusesWhatAnEncoderWouldNotWrite) {
  for (std::string_view wire : {"&", "a&", "&AOk", "&AO-", "&AOl-", "&AOk=-", "&AGE-", "&AOk-&AOk-", "&2D0-", "&3gA-",
                                "&2D0A6Q-", "&AOkA-", "&A/k-", "\xc3\xa9", "a\tb", "&&-", "&AO\xc3-"}) {
    EXPECT_FALSE(modified_utf7_to_utf8(wire)) << wire;
  }
  EXPECT_FALSE(utf8_to_modified_utf7("\xff"));
  EXPECT_FALSE(utf8_to_modified_utf7("\xed\xa0\x80"));
}

TEST(ImapMailboxName, KnowsTheInboxInAnyCase) {
  EXPECT_EQ(read_mailbox_name("inBox", false), "INBOX");
  EXPECT_EQ(read_mailbox_name("inbox/Child", true), "INBOX/Child");
  EXPECT_EQ(read_mailbox_name("inbox.Child", false, '.'), "INBOX.Child");
  EXPECT_EQ(read_mailbox_name("inbox.Child", false), "inbox.Child");
  EXPECT_EQ(read_mailbox_name("inboxes", false), "inboxes");
  EXPECT_EQ(read_mailbox_name("x/inbox", false), "x/inbox");
  EXPECT_EQ(read_mailbox_pattern("inbox", false), "inbox");
}

TEST(ImapMailboxName, ReadsWhatTheSessionSpeaks) {
  EXPECT_EQ(read_mailbox_name("R&D", true), "R&D");
  EXPECT_EQ(read_mailbox_name("&AOk-", true), "&AOk-");
  EXPECT_EQ(read_mailbox_name("é", true), "é");
  EXPECT_FALSE(read_mailbox_name("é", false));
  EXPECT_FALSE(read_mailbox_name("R&D", false));
  EXPECT_FALSE(read_mailbox_name("\xff", true));
}

TEST(ImapMailboxName, RefusesControlsAndTooMuch) {
  EXPECT_FALSE(read_mailbox_name("&AAE-", false));
  EXPECT_FALSE(read_mailbox_name("a\x01", true));
  EXPECT_FALSE(read_mailbox_name("a\x7f", true));
  EXPECT_FALSE(read_mailbox_name("a\u0085", true));
  EXPECT_FALSE(read_mailbox_name("a\u2028", true));
  EXPECT_FALSE(read_mailbox_name(std::string(kMaxMailboxNameOctets + 1, 'x'), true));
  EXPECT_TRUE(read_mailbox_name(std::string(kMaxMailboxNameOctets, 'x'), true));
}

bool matches(std::string_view pattern, std::string_view name) { return MailboxPattern(pattern).matches(name); }

TEST(ImapMailboxPattern, MatchesAsTheRuleSays) {
  EXPECT_TRUE(matches("", ""));
  EXPECT_FALSE(matches("", "a"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("*", "a/b/c"));
  EXPECT_TRUE(matches("%", "a"));
  EXPECT_FALSE(matches("%", "a/b"));
  EXPECT_TRUE(matches("%/%", "a/b"));
  EXPECT_FALSE(matches("%/%", "a/b/c"));
  EXPECT_TRUE(matches("%/*", "a/b/c"));
  EXPECT_TRUE(matches("*c", "a/b/c"));
  EXPECT_FALSE(matches("*d", "a/b/c"));
  EXPECT_TRUE(matches("a%c*e", "abc/d/e"));
  EXPECT_TRUE(matches("*%", "a/b"));
  EXPECT_TRUE(matches("%*", "a/b"));
  EXPECT_FALSE(matches("A*", "abc"));
  EXPECT_TRUE(matches("é%", "éa"));
  EXPECT_FALSE(MailboxPattern("a/b").has_wildcards());
  EXPECT_TRUE(MailboxPattern("a/%").has_wildcards());
  EXPECT_TRUE(MailboxPattern("a%b", '.').matches("a/b"));
  EXPECT_FALSE(MailboxPattern("a%b", '.').matches("a.b"));
}

TEST(ImapMailboxPattern, MatchesTheInboxInAnyCase) {
  EXPECT_TRUE(matches("inbox", "INBOX"));
  EXPECT_TRUE(matches("InB%", "INBOX"));
  EXPECT_TRUE(matches("inbox/a", "INBOX/a"));
  EXPECT_FALSE(matches("inbox/a", "INBOX/A"));
  EXPECT_FALSE(matches("x/inbox", "x/INBOX"));
  EXPECT_FALSE(matches("inboxes", "INBOXES"));
}

TEST(ImapMailboxPattern, TakesTimeInProportionWhateverTheWildcards) {
  std::string pattern;
  for (int i = 0; i < 300; ++i) pattern += "*a%";
  pattern += "b";
  const MailboxPattern hostile(pattern);
  const std::string name(4000, 'a');
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(hostile.matches(name));
  EXPECT_TRUE(hostile.matches(name + "b"));
}

TEST(ImapMailboxPattern, MatchesAcrossManyWordsOfStates) {
  const std::string name(1000, 'x');
  EXPECT_TRUE(matches(name, name));
  EXPECT_TRUE(matches(name.substr(0, 500) + "*" + name.substr(0, 400), name));
  EXPECT_FALSE(matches(name.substr(0, 999), name));
  EXPECT_FALSE(matches(std::string(kMaxPatternOctets + 1, '*'), name));
}

}  // namespace
}  // namespace gatepost::imap
