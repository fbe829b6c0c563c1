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

}  // namespace
}  // namespace gatepost::imap
