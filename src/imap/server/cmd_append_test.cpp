#include "imap/server/cmd_append.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "imap/server/test_support.hpp"

namespace gatepost::imap::server {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class ImapAppend : public testing::Test {
 protected:
  ImapAppend() { talk.enter(); }
  std::vector<account::Row> rows(std::string_view folder) {
    std::vector<account::Row> out;
    const auto account = world.account();
    (void)account->rows(account->find_folder(folder)->id, NumberSet::of(1, 1000), [&](const account::Row& row) {
      out.push_back(row);
      return true;
    });
    return out;
  }
  std::string text(const account::Row& row) {
    const auto account = world.account();
    const auto item = account->item(row.item);
    std::string out(item->body.size, '\0');
    (void)account->read_body(item->body, 0, std::span(out.data(), out.size()));
    return out;
  }
  std::string validity(std::string_view folder) {
    return std::to_string(world.account()->find_folder(folder)->uid_validity);
  }
  World world;
  Talk talk{world};
};

TEST_F(ImapAppend, StoresTheOctetsWithFlagsAndDate) {
  EXPECT_EQ(talk.line("a APPEND Drafts (\\Seen $Work) \"24-Nov-2026 08:35:18 +0100\" {17}"), "+ OK\r\n");
  EXPECT_EQ(talk.say("Subject: x\r\n\r\nabc\r\n"),
            "a OK [APPENDUID " + validity("Drafts") + " 1] APPEND completed\r\n");
  const auto all = rows("Drafts");
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(text(all[0]), "Subject: x\r\n\r\nabc");
  EXPECT_EQ(all[0].flags.system, account::flag::kSeen);
  EXPECT_EQ(all[0].flags.keywords.size(), 1U);
  EXPECT_EQ(all[0].received, *date::parse_imap_datetime("24-Nov-2026 08:35:18 +0100"));
  const auto item = world.account()->item(all[0].item);
  EXPECT_EQ(mime::decode(item->summary)->envelope().subject, "x");
}

// RFC 8508 3.4: only what the new message has more of counts.
TEST_F(ImapAppend, AReplacementNeedsNoRoomForBoth) {
  talk.line("a SELECT Drafts");
  talk.say("b APPEND Drafts {17+}\r\nSubject: x\r\n\r\nabc\r\n");
  world.quota = 20;
  EXPECT_THAT(talk.say("c APPEND Drafts {17+}\r\nSubject: y\r\n\r\nabc\r\n"), HasSubstr("c NO [OVERQUOTA]"));
  EXPECT_THAT(talk.say("d REPLACE 1 Drafts {17+}\r\nSubject: y\r\n\r\nabc\r\n"), HasSubstr("d OK"));
  EXPECT_THAT(talk.say("e REPLACE 1 Drafts {21+}\r\nSubject: y\r\n\r\nabcdefg\r\n"), HasSubstr("e NO [OVERQUOTA]"));
  ASSERT_EQ(rows("Drafts").size(), 1U);
  EXPECT_EQ(text(rows("Drafts")[0]), "Subject: y\r\n\r\nabc");
}

TEST_F(ImapAppend, AReplacementOfWhatIsGoneChangesNothing) {
  talk.line("a SELECT Drafts");
  talk.say("b APPEND Drafts {17+}\r\nSubject: x\r\n\r\nabc\r\n");
  const auto account = world.account();
  EXPECT_EQ(talk.line("c REPLACE 1 Drafts {17}"), "+ OK\r\n");
  ASSERT_TRUE(account->remove(account->find_folder("Drafts")->id, NumberSet::of(1, 1)));
  EXPECT_THAT(talk.say("Subject: y\r\n\r\nabc\r\n"), HasSubstr("c NO [EXPUNGEISSUED]"));
  EXPECT_TRUE(rows("Drafts").empty());
}

TEST_F(ImapAppend, TellsASessionThatHasTheMailboxOpen) {
  talk.line("a SELECT INBOX");
  EXPECT_EQ(talk.say("b APPEND INBOX {4+}\r\na\r\nb\r\n"),
            "* 1 EXISTS\r\n* 1 RECENT\r\nb OK [APPENDUID 1767225600 1] APPEND completed\r\n");
}

TEST_F(ImapAppend, TakesSeveralMessagesOrNone) {
  EXPECT_EQ(talk.say("a APPEND Sent {1+}\r\n1 (\\Seen) {1+}\r\n2 {1+}\r\n3\r\n"),
            "a OK [APPENDUID " + validity("Sent") + " 1:3] APPEND completed\r\n");
  EXPECT_THAT(talk.say("b APPEND Sent {1+}\r\n1 (\\Seen) {1+}\r\n2 nonsense\r\nc NOOP\r\n"),
              EndsWith("c OK NOOP completed\r\n"));
  EXPECT_EQ(talk.say("d APPEND Sent {1+}\r\n1 {0+}\r\n\r\ne NOOP\r\n"),
            "d NO [CANNOT] There are no empty messages\r\ne OK NOOP completed\r\n");
  EXPECT_EQ(rows("Sent").size(), 3U);
}

TEST_F(ImapAppend, RefusesWhatItCannotTakeBeforeTheOctetsCome) {
  EXPECT_EQ(talk.line("a APPEND INBOX {52428801}"), "a NO [TOOBIG] The message is too large\r\n");
  EXPECT_EQ(talk.line("b APPEND Nowhere {10}"), "b NO [TRYCREATE] No such mailbox; create it first\r\n");
  EXPECT_EQ(talk.line("c APPEND INBOX {0}"), "c NO [CANNOT] There are no empty messages\r\n");
  EXPECT_EQ(talk.line("d APPEND INBOX UTF8 (~{10}"), "d BAD ENABLE UTF8=ACCEPT first\r\n");
  EXPECT_EQ(talk.say("e APPEND Nowhere {10+}\r\n0123456789\r\nf NOOP\r\n"),
            "e NO [TRYCREATE] No such mailbox; create it first\r\nf OK NOOP completed\r\n");
  EXPECT_THAT(talk.line("g APPEND INBOX {9999999999999+}"), EndsWith("* BYE That is far too much\r\n"));
  EXPECT_TRUE(talk.closed);
}

TEST_F(ImapAppend, RefusesWhatTheQuotaDoesNotAllow) {
  world.quota = 1000;
  EXPECT_EQ(talk.line("a APPEND INBOX {1001}"), "a NO [OVERQUOTA] The account is full\r\n");
  EXPECT_EQ(talk.say("b APPEND INBOX {600+}\r\n" + std::string(600, 'x') + " {600+}\r\n" + std::string(600, 'x') +
                     "\r\nc NOOP\r\n"),
            "b NO [OVERQUOTA] The account is full\r\nc OK NOOP completed\r\n");
  EXPECT_TRUE(rows("INBOX").empty());
}

TEST_F(ImapAppend, TakesTheMailboxNameAsALiteral) {
  EXPECT_EQ(talk.say("a APPEND {5}\r\n"), "+ OK\r\n");
  EXPECT_EQ(talk.say("INBOX {2}\r\n"), "+ OK\r\n");
  EXPECT_EQ(talk.say("xy\r\n"), "a OK [APPENDUID 1767225600 1] APPEND completed\r\n");
}

TEST_F(ImapAppend, TakesBinaryAndUtf8Messages) {
  EXPECT_THAT(talk.say(std::string("a APPEND INBOX ~{5+}\r\nab\0cd\r\n", 29)), StartsWith("a OK [APPENDUID "));
  EXPECT_EQ(text(rows("INBOX")[0]), std::string("ab\0cd", 5));
  talk.line("b ENABLE UTF8=ACCEPT");
  EXPECT_THAT(talk.say("c APPEND INBOX UTF8 (~{2+}\r\nxy)\r\n"), StartsWith("c OK [APPENDUID "));
}

TEST_F(ImapAppend, LargeMessagesPassInPieces) {
  std::string large;
  while (large.size() < 300'000) large += "0123456789abcdef\r\n";
  for (const std::size_t chunk : {0, 1000, 40'000}) {
    Talk piecemeal(world, true, chunk);
    piecemeal.enter();
    EXPECT_THAT(piecemeal.say("a APPEND Sent {" + std::to_string(large.size()) + "+}\r\n" + large + "\r\n"),
                StartsWith("a OK [APPENDUID "));
  }
  for (const account::Row& row : rows("Sent")) EXPECT_EQ(text(row), large);
}

TEST_F(ImapAppend, SaysSoWhenTheDiskIsFull) {
  world.store.refuse_commit = [](auto, const auto&) { return Errc::disk_full; };
  EXPECT_EQ(talk.say("a APPEND INBOX {2+}\r\nxy\r\nb NOOP\r\n"),
            "a NO [UNAVAILABLE] No storage space at the moment; try again later\r\nb OK NOOP completed\r\n");
  world.store.refuse_commit = nullptr;
  world.store.refuse_body = [] { return Errc::disk_full; };
  EXPECT_EQ(talk.say("c APPEND INBOX {2+}\r\nxy\r\nd NOOP\r\n"),
            "c NO [UNAVAILABLE] No storage space at the moment; try again later\r\nd OK NOOP completed\r\n");
  EXPECT_TRUE(rows("INBOX").empty());
}

TEST_F(ImapAppend, NeedsASignIn) {
  Talk other(world);
  EXPECT_EQ(other.line("a APPEND INBOX {10}"), "a BAD Sign in first\r\n");
  EXPECT_EQ(other.line("b NOOP"), "b OK NOOP completed\r\n");
}

}  // namespace
}  // namespace gatepost::imap::server
