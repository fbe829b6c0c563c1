#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "imap/server/test_support.hpp"

namespace gatepost::imap::server {
namespace {

using testing::HasSubstr;

class ImapEsearch : public testing::Test {
 protected:
  ImapEsearch() {
    const auto owner = world.account();
    (void)owner->create_folder("Work/2026/Plans");
    (void)owner->create_folder("Work/2025");
    world.deliver("Subject: lunch\r\n\r\n");
    world.deliver("Subject: other\r\n\r\n");
    world.deliver("Subject: other\r\n\r\n", "Work/2026/Plans");
    world.deliver("Subject: lunch\r\n\r\n", "Work/2026/Plans");
    world.deliver("Subject: lunch\r\n\r\n", "Work/2025");
    talk.enter();
  }
  // The mailboxes that are told of, in their order.
  std::string where(std::string_view in, std::string_view keys = "ALL") {
    const std::string answer = talk.line("a ESEARCH IN (" + std::string(in) + ") " + std::string(keys));
    if (last_line(answer) != "a OK ESEARCH completed") return answer;
    std::string out;
    for (std::size_t at = 0; (at = answer.find(" MAILBOX ", at)) != std::string::npos;) {
      at += 9;
      out.append(out.empty() ? "" : " ").append(answer.substr(at, answer.find(' ', at) - at));
    }
    return out;
  }
  World world;
  Talk talk{world};
};

TEST_F(ImapEsearch, SearchesManyMailboxes) {
  EXPECT_EQ(where("personal"), "INBOX Work/2025 Work/2026/Plans");
  EXPECT_EQ(where("personal", "SUBJECT other"), "INBOX Work/2026/Plans");
  EXPECT_EQ(where("inboxes"), "INBOX");
  EXPECT_EQ(where("subtree Work"), "Work/2025 Work/2026/Plans");
  EXPECT_EQ(where("subtree-one Work"), "Work/2025");
  EXPECT_EQ(where("mailboxes (inbox Work/2026/Plans Nothing)"), "INBOX Work/2026/Plans");
  EXPECT_EQ(where("mailboxes INBOX inboxes subtree INBOX"), "INBOX");
  EXPECT_EQ(where("mailboxes Nothing"), "");
  EXPECT_EQ(where("subscribed", "SUBJECT nothing"), "");
}

TEST_F(ImapEsearch, NamesMailboxAndUids) {
  const auto folder = world.account()->find_folder("Work/2026/Plans");
  EXPECT_EQ(talk.line("a ESEARCH IN (subtree Work/2026) RETURN (MIN COUNT ALL) SUBJECT lunch"),
            "* ESEARCH (TAG \"a\" MAILBOX Work/2026/Plans UIDVALIDITY " + std::to_string(folder->uid_validity) +
                ") UID MIN 2 ALL 2 COUNT 1\r\na OK ESEARCH completed\r\n");
  EXPECT_THAT(talk.line("b ESEARCH IN (personal) RETURN (PARTIAL 2:9) ALL"), HasSubstr(") UID PARTIAL (2:9 2)\r\n"));
}

TEST_F(ImapEsearch, SearchesTheSelectedMailbox) {
  EXPECT_THAT(talk.line("a ESEARCH ALL"), HasSubstr("a BAD Select"));
  talk.line("s SELECT INBOX");
  EXPECT_THAT(talk.line("a ESEARCH SUBJECT lunch"), HasSubstr("MAILBOX INBOX UIDVALIDITY "));
  talk.line("b ESEARCH IN (selected) RETURN (SAVE) SUBJECT other");
  EXPECT_EQ(talk.line("c SEARCH $"), "* SEARCH 2\r\nc OK SEARCH completed\r\n");
  EXPECT_EQ(where("selected personal"), "INBOX Work/2025 Work/2026/Plans");
}

TEST_F(ImapEsearch, TakesNumbersOfMessagesInEachMailbox) {
  EXPECT_EQ(where("personal", "1"), "INBOX Work/2025 Work/2026/Plans");
  EXPECT_EQ(where("personal", "100:200"), "");
  talk.line("s SELECT INBOX");
  EXPECT_THAT(talk.line("a UID ESEARCH SUBJECT lunch 1:100"), HasSubstr("MAILBOX INBOX UIDVALIDITY "));
  talk.line("e ENABLE UIDONLY");
  EXPECT_THAT(talk.line("a ESEARCH 1:100"), HasSubstr("a BAD [UIDREQUIRED]"));
}

TEST_F(ImapEsearch, KeepsTheResultInTheSelectedMailboxUpToDate) {
  talk.line("s SELECT INBOX");
  EXPECT_THAT(talk.line("a ESEARCH RETURN (UPDATE COUNT) SUBJECT news"), HasSubstr("a OK"));
  EXPECT_THAT(talk.line("a ESEARCH RETURN (UPDATE COUNT) SUBJECT news"), HasSubstr("a BAD"));
  const account::Uid uid = world.deliver("Subject: news\r\n\r\n");
  EXPECT_THAT(talk.line("n NOOP"), HasSubstr("* ESEARCH (TAG \"a\") UID ADDTO (0 " + std::to_string(uid) + ")"));
}

TEST_F(ImapEsearch, RefusesWhatMeansNothing) {
  talk.line("s SELECT INBOX");
  for (const char* what :
       {"ESEARCH", "ESEARCH IN () ALL", "ESEARCH IN (mailboxes) ALL", "ESEARCH IN (moods) ALL",
        "ESEARCH IN (selected-delayed) ALL", "ESEARCH IN (personal) NOT $", "ESEARCH IN (personal (x)) ALL",
        "ESEARCH IN (personal) RETURN (SAVE) ALL", "ESEARCH IN (selected personal) RETURN (UPDATE) ALL"}) {
    EXPECT_THAT(talk.line("b " + std::string(what)), HasSubstr("b BAD")) << what;
  }
  EXPECT_THAT(talk.line("b ESEARCH IN (personal) CHARSET X-NONE SUBJECT x"), HasSubstr("b NO [BADCHARSET"));
}

}  // namespace
}  // namespace gatepost::imap::server
