#include "imap/protocol/imap_url.hpp"

#include <gtest/gtest.h>

namespace gatepost::imap {
namespace {

TEST(ImapUrl, NamesAMessageAndAPartOfIt) {
  const auto url = parse_message_url("/Drafts%2f2026;UIDVALIDITY=385759045/;UID=20/;section=1.2.MIME/;partial=5.10");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->mailbox, "Drafts/2026");
  EXPECT_EQ(url->uid_validity, 385759045U);
  EXPECT_EQ(url->uid, 20U);
  EXPECT_EQ(url->section.part, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(url->section.text, Section::Text::mime);
  EXPECT_EQ(url->partial, (Partial{5, 10}));
}

TEST(ImapUrl, DefaultsToAllOfTheMessage) {
  const auto url = parse_message_url("/inbox/;UID=7");
  ASSERT_TRUE(url);
  EXPECT_EQ(*url, (MessageUrl{.mailbox = "INBOX", .uid_validity = {}, .uid = 7, .section = {}, .partial = {}}));
  EXPECT_EQ(parse_message_url("/a/b/;UID=7/;PARTIAL=9")->partial, (Partial{9, 0}));
  EXPECT_EQ(parse_message_url("/B%C3%BCro/;UID=7/;SECTION=HEADER.FIELDS%20(To)")->section.fields.size(), 1U);
}

TEST(ImapUrl, RefusesWhatNamesNoMessageHere) {
  for (const char* const url : {"",
                                "/",
                                "/INBOX",
                                "INBOX/;UID=1",
                                "//host/INBOX/;UID=1",
                                "imap://host/INBOX/;UID=1",
                                "/;UID=1",
                                "/INBOX/;UID=",
                                "/INBOX/;UID=0",
                                "/INBOX/;UID=4294967296",
                                "/INBOX/;UID=1x",
                                "/INBOX/;UID=1/;SECTION=",
                                "/INBOX/;UID=1/;SECTION=X",
                                "/INBOX/;UID=1/;PARTIAL=",
                                "/INBOX/;UID=1/;PARTIAL=1.0",
                                "/INBOX/;UID=1/;PARTIAL=1.",
                                "/IN%0ABOX/;UID=1",
                                "/IN%/;UID=1",
                                "/IN%C3/;UID=1",
                                "/INBOX;UIDVALIDITY=/;UID=1",
                                "/INBOX;UIDVALIDITY=1x/;UID=1",
                                "/INBOX/;UID=1;URLAUTH=anonymous:internal:00"}) {
    EXPECT_FALSE(parse_message_url(url)) << url;
  }
}

TEST(ImapUrl, MayCarryTheRightToReadIt) {
  const std::string rump =
      "imap://Joe%40x.org;AUTH=*@Example.com:143/INBOX/;uid=20/"
      ";section=1.2;expire=2026-03-01T10:00:00Z;urlauth=submit+fred";
  const auto url = parse_auth_url(rump + ":Internal:91354A473744909DE610943775F92038");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->user, "Joe@x.org");
  EXPECT_EQ(url->host, "Example.com");
  EXPECT_EQ(url->message.uid, 20U);
  EXPECT_EQ(url->access, AuthUrl::Access::submit);
  EXPECT_EQ(url->access_user, "fred");
  EXPECT_TRUE(url->expires);
  EXPECT_EQ(url->mechanism, "internal");
  EXPECT_EQ(url->token, "91354a473744909de610943775f92038");
  EXPECT_EQ(url->rump_octets, rump.size());
  EXPECT_EQ(parse_auth_url(rump)->mechanism, "");
}

TEST(ImapUrl, RefusesRightsThatAreNone) {
  for (const char* const url :
       {"imap://x@h/INBOX/;UID=1", "imap://h/INBOX/;UID=1;URLAUTH=anonymous",
        "imap://@h/INBOX/;UID=1;URLAUTH=anonymous", "imap://x@/INBOX/;UID=1;URLAUTH=anonymous",
        "imap://x@h:port/INBOX/;UID=1;URLAUTH=anonymous", "imap://x@h/INBOX;URLAUTH=anonymous",
        "imap://x@h/INBOX/;UID=1;URLAUTH=", "imap://x@h/INBOX/;UID=1;URLAUTH=somebody",
        "imap://x@h/INBOX/;UID=1;URLAUTH=user+", "imap://x@h/INBOX/;UID=1;URLAUTH=anonymous:internal",
        "imap://x@h/INBOX/;UID=1;URLAUTH=anonymous:internal:12",
        "imap://x@h/INBOX/;UID=1;URLAUTH=anonymous::00000000000000000000000000000000",
        "imap://x@h/INBOX/;UID=1;URLAUTH=anonymous:internal:0000000000000000000000000000000g",
        "imap://x@h/INBOX/;UID=1;EXPIRE=soon;URLAUTH=anonymous", "http://x@h/INBOX/;UID=1;URLAUTH=anonymous"}) {
    EXPECT_FALSE(parse_auth_url(url)) << url;
  }
}

}  // namespace
}  // namespace gatepost::imap
