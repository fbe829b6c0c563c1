#include "pull/imap_reply.hpp"

#include <gmock/gmock.h>

namespace gatepost::pull {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ImapReply, FindsTheLiteralAtTheEndOfALine) {
  EXPECT_EQ(literal_at_end("* 1 FETCH (BODY[] {12}"), 12U);
  EXPECT_EQ(literal_at_end("{0+}"), 0U);
  for (const char* no : {"", "}", "{}", "{x}", "{12} ", "12}", "{99999999999999999999}"}) {
    EXPECT_FALSE(literal_at_end(no)) << no;
  }
}

TEST(ImapReply, ReadsStatusLines) {
  const auto ok = parse_status("OK [UIDVALIDITY 1234] UIDs are valid");
  ASSERT_TRUE(ok);
  EXPECT_EQ(ok->status, Status::ok);
  EXPECT_EQ(ok->code, "UIDVALIDITY");
  EXPECT_EQ(ok->arguments, "1234");
  EXPECT_EQ(ok->text, "UIDs are valid");
  EXPECT_EQ(parse_status("bye")->status, Status::bye);
  EXPECT_EQ(parse_status("NO [open")->code, "OPEN");
  EXPECT_FALSE(parse_status("FETCH x"));
  EXPECT_FALSE(parse_status(""));
}

TEST(ImapReply, ReadsListsOfFolders) {
  const auto sent = parse_list(R"(LIST (\HasNoChildren \Sent) "/" "Sent Items")", false);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->name, "Sent Items");
  EXPECT_EQ(sent->delimiter, '/');
  EXPECT_TRUE(sent->has("\\sent"));
  EXPECT_EQ(parse_list("LIST () \".\" Entw&APw-rfe", false)->name, "Entw\u00fcrfe");
  EXPECT_EQ(parse_list("LIST () NIL bare name (old)", false)->name, "bare name (old)");
  EXPECT_EQ(parse_list("LIST () NIL bare", false)->delimiter, '\0');
  EXPECT_EQ(parse_list("LIST () \"/\" {3}\r\na\"b", false)->name, "a\"b");
  EXPECT_EQ(parse_list("XLIST (\\Inbox) \"/\" \"a\\\\b\"", false)->name, "a\\b");
  EXPECT_EQ(parse_list("LIST () \"/\" Entw\u00fcrfe", true)->name, "Entw\u00fcrfe");
  for (const char* no : {"LIST", "LIST (", "LIST ()", "LIST () \"/\"", "LIST (\\a (", "LSUB () \"/\" x", ""}) {
    EXPECT_FALSE(parse_list(no, false)) << no;
  }
  EXPECT_EQ(parse_namespace("NAMESPACE ((\"INBOX.\" \".\")) NIL NIL", false)->prefix, "INBOX.");
  EXPECT_FALSE(parse_namespace("NAMESPACE NIL NIL NIL", false));
}

TEST(ImapReply, ReadsMessages) {
  const auto row = parse_fetch(
      "12 FETCH (X (a (\"b)\" c)) UID 77 FLAGS (\\Seen $Work) INTERNALDATE \"01-Feb-2020 10:00:00 +0100\" RFC822.SIZE "
      "9)");
  ASSERT_TRUE(row);
  EXPECT_EQ(row->number, 12U);
  EXPECT_EQ(row->uid, 77U);
  EXPECT_THAT(row->flags, ElementsAre("\\Seen", "$Work"));
  EXPECT_EQ(row->received, TimePoint(std::chrono::seconds(1'580'547'600)));
  EXPECT_EQ(row->size, 9U);
  EXPECT_FALSE(row->literal);
  EXPECT_EQ(parse_fetch("1 FETCH (UID 3 BODY[] {100}")->literal, 100U);
  EXPECT_EQ(parse_fetch("1 FETCH (BODY[] {100}")->uid, 0U);
  EXPECT_TRUE(parse_fetch("1 FETCH (BODY[] NIL UID 3)")->empty_body);
  EXPECT_TRUE(parse_fetch("1 FETCH (BODY[] \"\" UID 3)")->empty_body);
  EXPECT_EQ(parse_fetch("1 FETCH (BODY[] \"abc\" UID 3)")->uid, 3U);
  EXPECT_EQ(parse_fetch("1 FETCH (FLAGS ())")->uid, 0U);
  for (const char* no : {"", "FETCH", "1 FETCH", "x FETCH (UID 1)", "1 EXISTS", "1 FETCH ((("}) {
    EXPECT_FALSE(parse_fetch(no)) << no;
  }
  EXPECT_EQ(parse_exists("12 EXISTS"), 12U);
  EXPECT_FALSE(parse_exists("12 RECENT"));
}

TEST(ImapReply, KnowsWhenAServerWantsToBeLeftAlone) {
  const auto status = [](std::string_view text) { return *parse_status(text); };
  EXPECT_TRUE(is_temporary(status("NO [THROTTLED] x")));
  EXPECT_TRUE(is_temporary(status("NO [UNAVAILABLE] x")));
  EXPECT_TRUE(
      is_temporary(status("BAD Command Error. Request is throttled. Suggested Backoff Time: 299992 milliseconds")));
  EXPECT_FALSE(is_temporary(status("NO [NONEXISTENT] no such folder")));
  EXPECT_EQ(backoff_of("Request is throttled. Suggested Backoff Time: 45000 milliseconds"),
            std::chrono::milliseconds(45'000));
  EXPECT_FALSE(backoff_of("Suggested Backoff Time: soon"));
  EXPECT_FALSE(backoff_of("OK"));
}

TEST(ImapReply, ReadsCapabilities) {
  EXPECT_THAT(parse_capabilities("CAPABILITY IMAP4rev1 auth=PLAIN"), ElementsAre("IMAP4REV1", "AUTH=PLAIN"));
  EXPECT_THAT(parse_capabilities(""), IsEmpty());
}

}  // namespace
}  // namespace gatepost::pull
