#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.hpp"
#include "imap/server/test_messages.hpp"
#include "imap/server/test_support.hpp"

namespace gatepost::imap::server {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string literal(std::string_view octets) {
  return "{" + std::to_string(octets.size()) + "}\r\n" + std::string(octets);
}

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size())) ++n;
  return n;
}

class ImapFetch : public testing::Test {
 protected:
  // The answer without its last line, which must be OK.
  std::string fetch(std::string_view what, std::string_view end = "a OK FETCH completed\r\n") {
    std::string answer = talk().line("a " + std::string(what));
    EXPECT_THAT(answer, EndsWith(end)) << what;
    if (answer.ends_with(end)) answer.resize(answer.size() - end.size());
    return answer;
  }
  // BODY.PEEK[section] of message 1: what comes after the name.
  std::string section(std::string_view text) {
    const std::string answer = fetch("FETCH 1 BODY.PEEK[" + std::string(text) + "]");
    const std::size_t at = answer.find(' ', answer.find(']'));
    return answer.substr(at + 1, answer.size() - at - 4);
  }
  Talk& talk() {
    if (!talk_) {
      talk_ = std::make_unique<Talk>(world);
      talk_->enter();
      talk_->line("s SELECT INBOX");
    }
    return *talk_;
  }
  World world;
  std::unique_ptr<Talk> talk_;
};

TEST_F(ImapFetch, TellsWhatRowsKnow) {
  world.deliver("Subject: a\r\n\r\nx\r\n", "INBOX", account::flag::kSeen | account::flag::kAnswered);
  EXPECT_EQ(fetch("FETCH 1 (FLAGS UID)"), "* 1 FETCH (UID 1 FLAGS (\\Seen \\Answered \\Recent))\r\n");
  EXPECT_EQ(fetch("FETCH 1 FAST"),
            "* 1 FETCH (FLAGS (\\Seen \\Answered \\Recent) INTERNALDATE \"01-Jan-2026 00:00:00 +0000\" RFC822.SIZE "
            "17)\r\n");
  EXPECT_EQ(fetch("UID FETCH 1 (SAVEDATE THREADID)"),
            "* 1 FETCH (UID 1 SAVEDATE \"01-Jan-2026 00:00:00 +0000\" THREADID (T1024-1))\r\n");
  EXPECT_EQ(fetch("UID FETCH 7 FLAGS"), "");
  EXPECT_EQ(fetch("UID FETCH 7:* UID"), "* 1 FETCH (UID 1)\r\n");
  EXPECT_EQ(talk().line("a FETCH 2 FLAGS"), "a BAD [CLIENTBUG] There is no message with this number\r\n");
}

TEST_F(ImapFetch, HasNoRecentFlagInRev2) {
  world.deliver("x");
  talk().line("e ENABLE IMAP4rev2");
  EXPECT_EQ(fetch("FETCH 1 FLAGS"), "* 1 FETCH (FLAGS ())\r\n");
}

TEST_F(ImapFetch, AnswersEnvelopeAndStructure) {
  world.deliver(test::standards_example());
  EXPECT_EQ(fetch("FETCH 1 ENVELOPE"),
            "* 1 FETCH (ENVELOPE (\"Mon, 7 Feb 1994 21:52:25 -0800\" \"the example\" ((\"Anna\" NIL \"anna\" "
            "\"example.org\")) ((\"Anna\" NIL \"anna\" \"example.org\")) ((\"Anna\" NIL \"anna\" \"example.org\")) "
            "((\"Bob\" NIL \"bob\" \"example.org\")) NIL NIL NIL \"<1@example.org>\"))\r\n");
  EXPECT_EQ(
      fetch("FETCH 1 BODY"),
      "* 1 FETCH (BODY ((\"text\" \"plain\" NIL NIL NIL \"7bit\" 20 1)(\"application\" \"octet-stream\" NIL NIL NIL "
      "\"base64\" 8)(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 241 (NIL \"message in part 3\" ((NIL NIL \"carol\" "
      "\"example.org\")) ((NIL NIL \"carol\" \"example.org\")) ((NIL NIL \"carol\" \"example.org\")) NIL NIL NIL NIL "
      "NIL) ((\"text\" \"plain\" NIL NIL NIL \"7bit\" 8 0)(\"application\" \"octet-stream\" NIL NIL NIL \"base64\" 12) "
      "\"mixed\") 14)((\"image\" \"gif\" NIL NIL NIL \"base64\" 8)(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 302 "
      "(NIL \"message in part 4.2\" NIL NIL NIL NIL NIL NIL NIL NIL) ((\"text\" \"plain\" NIL NIL NIL \"7bit\" 10 "
      "0)((\"text\" \"plain\" NIL NIL NIL \"7bit\" 12 0)(\"text\" \"richtext\" NIL NIL NIL \"7bit\" 12 0) "
      "\"alternative\") \"mixed\") 21) \"mixed\") \"mixed\"))\r\n");
  EXPECT_THAT(fetch("FETCH 1 BODYSTRUCTURE"),
              HasSubstr("(\"application\" \"octet-stream\" NIL NIL NIL \"base64\" 8 NIL (\"attachment\" (\"filename\" "
                        "\"a.bin\")) NIL NIL)"));
  EXPECT_THAT(fetch("FETCH 1 BODYSTRUCTURE"),
              EndsWith(" \"mixed\" (\"boundary\" \"b4\") NIL NIL NIL) \"mixed\" (\"boundary\" \"b0\") NIL NIL "
                       "NIL))\r\n"));
}

TEST_F(ImapFetch, AnswersTheSameWithoutASummary) {
  const std::string message = test::standards_example();
  world.deliver(message);
  const auto owner = world.account();
  auto writer = *owner->new_body(message.size());
  ASSERT_TRUE(writer->append(message));
  account::NewItem item{.body = *writer->finish(), .summary = "", .received = world.clock.now()};
  const auto inbox = owner->find_folder("INBOX")->id;
  ASSERT_TRUE(owner->append(inbox, std::span(&item, 1)));
  item.summary = "garbage";
  ASSERT_TRUE(owner->append(inbox, std::span(&item, 1)));
  item.summary = mime::encode(mime::scan(message + message));  // of another message
  ASSERT_TRUE(owner->append(inbox, std::span(&item, 1)));
  const std::string answer = fetch("FETCH 1:* (ENVELOPE BODYSTRUCTURE BODY.PEEK[4.2.HEADER])");
  const std::string first = answer.substr(12, answer.find("\r\n* 2") - 12);
  EXPECT_EQ(count(answer, first), 4);
}

TEST_F(ImapFetch, SendsSections) {
  const std::string m = test::standards_example();
  world.deliver(m);
  EXPECT_EQ(section(""), literal(m));
  EXPECT_EQ(section("1"), literal("part 1\r\nof two lines"));
  EXPECT_EQ(section("4.1.MIME"), literal("Content-Type: image/gif\r\nContent-Transfer-Encoding: base64\r\n\r\n"));
  EXPECT_EQ(section("HEADER.FIELDS (subject FROM)"),
            literal("From: Anna <anna@example.org>\r\nSubject: the example\r\n\r\n"));
  EXPECT_EQ(section("3.HEADER.FIELDS.NOT (MIME-Version Content-Type)"),
            literal("Subject: message in part 3\r\nFrom: carol@example.org\r\n\r\n"));
  EXPECT_EQ(section("9"), "NIL");
  EXPECT_EQ(section("2.HEADER"), "NIL");
  EXPECT_THAT(fetch("FETCH 1 RFC822.HEADER"), AllOf(StartsWith("* 1 FETCH (RFC822.HEADER {"), HasSubstr("\r\n\r\n)")));
  EXPECT_THAT(
      fetch("FETCH 1 (RFC822.TEXT RFC822)"),
      AllOf(StartsWith("* 1 FETCH (FLAGS (\\Seen \\Recent) RFC822.TEXT {"), HasSubstr(" RFC822 " + literal(m))));
}

TEST_F(ImapFetch, SendsPartsOfSections) {
  world.deliver("Subject: x\r\n\r\n0123456789");
  const auto partial = [this](std::string_view what) {
    const std::string answer = fetch("FETCH 1 BODY.PEEK[TEXT]" + std::string(what));
    return answer.substr(11, answer.size() - 14);
  };
  EXPECT_EQ(partial("<0.4>"), "BODY[TEXT]<0> {4}\r\n0123");
  EXPECT_EQ(partial("<8.4>"), "BODY[TEXT]<8> {2}\r\n89");
  EXPECT_EQ(partial("<10.1>"), "BODY[TEXT]<10> {0}\r\n");
  EXPECT_EQ(partial("<9223372036854775807.9223372036854775807>"), "BODY[TEXT]<9223372036854775807> {0}\r\n");
  EXPECT_EQ(fetch("FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT)]<3.5>"),
            "* 1 FETCH (BODY[HEADER.FIELDS (SUBJECT)]<3> {5}\r\nject:)\r\n");
}

TEST_F(ImapFetch, MarksAsSeenWhatIsReadAndSaysSoOnce) {
  world.deliver("Subject: x\r\n\r\nbody");
  world.deliver("Subject: y\r\n\r\nbody", "INBOX", account::flag::kSeen);
  EXPECT_EQ(fetch("FETCH 1:2 BODY.PEEK[TEXT]<0.1>"),
            "* 1 FETCH (BODY[TEXT]<0> {1}\r\nb)\r\n* 2 FETCH (BODY[TEXT]<0> {1}\r\nb)\r\n");
  EXPECT_EQ(fetch("FETCH 1:2 BODY[TEXT]<0.1>"),
            "* 1 FETCH (FLAGS (\\Seen \\Recent) BODY[TEXT]<0> {1}\r\nb)\r\n* 2 FETCH (BODY[TEXT]<0> {1}\r\nb)\r\n");
  EXPECT_EQ(fetch("FETCH 1 BODY[TEXT]<0.1>"), "* 1 FETCH (BODY[TEXT]<0> {1}\r\nb)\r\n");
  EXPECT_EQ(talk().line("n NOOP"), "n OK NOOP completed\r\n");
  Talk other(world);
  other.enter();
  EXPECT_THAT(other.line("s SELECT INBOX"), Not(HasSubstr("UNSEEN")));
}

TEST_F(ImapFetch, MarksNothingInExamine) {
  world.deliver("Subject: x\r\n\r\nbody");
  talk().line("e EXAMINE INBOX");
  EXPECT_EQ(fetch("FETCH 1 (FLAGS BODY[TEXT])"), "* 1 FETCH (FLAGS () BODY[TEXT] {4}\r\nbody)\r\n");
  EXPECT_EQ(fetch("FETCH 1 FLAGS"), "* 1 FETCH (FLAGS ())\r\n");
}

TEST_F(ImapFetch, GivesTheModseqOfWhatItMarks) {
  world.deliver("Subject: x\r\n\r\nbody");
  talk().line("e ENABLE CONDSTORE");
  const std::string answer = fetch("FETCH 1 BODY[TEXT]");
  const std::string now = std::to_string(world.account()->find_folder("INBOX")->highest_modseq);
  EXPECT_EQ(answer, "* 1 FETCH (FLAGS (\\Seen \\Recent) MODSEQ (" + now + ") BODY[TEXT] {4}\r\nbody)\r\n");
}

TEST_F(ImapFetch, DeliversUnmarkedWhenTheDiskIsFull) {
  world.deliver("Subject: x\r\n\r\nbody");
  talk();
  world.store.refuse_commit = [](auto, const auto&) { return Errc::disk_full; };
  EXPECT_EQ(fetch("FETCH 1 BODY[TEXT]"), "* 1 FETCH (BODY[TEXT] {4}\r\nbody)\r\n");
}

TEST_F(ImapFetch, UndoesTransferEncodings) {
  world.deliver(
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
      "--b\r\nContent-Transfer-Encoding: base64\r\n\r\nZ3LDvMOf\r\nZQ==\r\n"
      "--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=3Db=\r\nc\r\n"
      "--b\r\nContent-Transfer-Encoding: base64\r\n\r\nYQBi\r\n"
      "--b\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nxyz\r\n"
      "--b--\r\n");
  EXPECT_EQ(fetch("FETCH 1 (BINARY.PEEK[1] BINARY.SIZE[1])"),
            "* 1 FETCH (BINARY[1] {7}\r\ngr\xc3\xbc\xc3\x9f"
            "e BINARY.SIZE[1] 7)\r\n");
  EXPECT_EQ(fetch("FETCH 1 BINARY.PEEK[2]"), "* 1 FETCH (BINARY[2] {4}\r\na=bc)\r\n");
  EXPECT_EQ(fetch("FETCH 1 BINARY.PEEK[2]<1.2>"), "* 1 FETCH (BINARY[2]<1> {2}\r\n=b)\r\n");
  EXPECT_EQ(fetch("FETCH 1 BINARY.PEEK[3]"), std::string("* 1 FETCH (BINARY[3] ~{3}\r\na\0b)\r\n", 33));
  EXPECT_EQ(fetch("FETCH 1 BINARY.PEEK[3]<0.1>"), "* 1 FETCH (BINARY[3]<0> {1}\r\na)\r\n");
  EXPECT_EQ(fetch("FETCH 1 (BINARY.PEEK[7] BINARY.SIZE[7])"), "* 1 FETCH (BINARY[7] NIL BINARY.SIZE[7] 0)\r\n");
  constexpr std::string_view kNo = "a NO [UNKNOWN-CTE] A part has an encoding that is not known here\r\n";
  EXPECT_EQ(fetch("FETCH 1 BINARY.PEEK[4]", kNo), "");
  EXPECT_EQ(fetch("FETCH 1 (UID BINARY.SIZE[4])", kNo), "* 1 FETCH (UID 1)\r\n");
  EXPECT_EQ(fetch("FETCH 1 BINARY.PEEK[]<0.7>"), "* 1 FETCH (BINARY[]<0> {7}\r\nContent)\r\n");
}

TEST_F(ImapFetch, SendsNoNulButInBinary) {
  world.deliver(std::string("A: x\0y\r\n\r\n\0z", 12));
  EXPECT_EQ(section("TEXT"), literal("\x80z"));
  EXPECT_EQ(section("HEADER.FIELDS (A)"), literal("A: x\x80y\r\n\r\n"));
  EXPECT_EQ(fetch("FETCH 1 BINARY.PEEK[1]"), std::string("* 1 FETCH (BINARY[1] ~{2}\r\n\0z)\r\n", 32));
}

TEST_F(ImapFetch, StreamsWhatIsLarge) {
  std::string data;
  for (int i = 0; data.size() < (3u << 20); ++i) data += "line " + std::to_string(i) + " of many\n";
  std::string encoded;
  const std::string all = base64::encode(data);
  for (std::size_t at = 0; at < all.size(); at += 76) encoded += all.substr(at, 76) + "\r\n";
  std::string header = "Subject: large\r\n";
  for (int i = 0; header.size() < (400u << 10); ++i) header += "X-" + std::to_string(i) + ": some text\r\n folded\r\n";
  header += "To: the@end.example\r\nContent-Transfer-Encoding: base64\r\n\r\n";
  const std::string m = header + encoded;
  world.deliver(m);
  EXPECT_EQ(section(""), literal(m));
  EXPECT_EQ(section("TEXT"), literal(encoded));
  EXPECT_EQ(section("HEADER"), literal(header));
  EXPECT_EQ(section("HEADER.FIELDS (To Subject)"), literal("Subject: large\r\nTo: the@end.example\r\n\r\n"));
  std::string rest = header;
  rest.erase(0, rest.find("X-0"));
  EXPECT_EQ(section("HEADER.FIELDS.NOT (Subject)"), literal(rest));
  EXPECT_EQ(fetch("FETCH 1 BINARY.PEEK[1]"), "* 1 FETCH (BINARY[1] " + literal(data) + ")\r\n");
  EXPECT_EQ(fetch("FETCH 1 BINARY.SIZE[1]"), "* 1 FETCH (BINARY.SIZE[1] " + std::to_string(data.size()) + ")\r\n");
  EXPECT_EQ(fetch("FETCH 1 BINARY.PEEK[1]<1000000.1000000>"),
            "* 1 FETCH (BINARY[1]<1000000> " + literal(data.substr(1'000'000, 1'000'000)) + ")\r\n");
  EXPECT_EQ(fetch("FETCH 1 BODY.PEEK[TEXT]<70000.900000>"),
            "* 1 FETCH (BODY[TEXT]<70000> " + literal(encoded.substr(70'000, 900'000)) + ")\r\n");
}

TEST_F(ImapFetch, GoesThroughManyMessages) {
  const auto owner = world.account();
  const auto inbox = owner->find_folder("INBOX")->id;
  auto writer = *owner->new_body(0);
  ASSERT_TRUE(writer->append("Subject: one of many\r\n\r\n"));
  const account::NewItem item{.body = *writer->finish(), .keywords = {"work"}, .received = world.clock.now()};
  const std::vector<account::NewItem> items(500, item);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(owner->append(inbox, items));
  ASSERT_TRUE(owner->remove(inbox, NumberSet::of(2, 2)));
  ASSERT_TRUE(owner->remove(inbox, NumberSet::of(4001, 4500)));
  const std::string answer = fetch("UID FETCH 1:* FLAGS");
  EXPECT_EQ(count(answer, " FLAGS (work \\Recent))\r\n"), 4499);
  EXPECT_THAT(answer, HasSubstr("* 1 FETCH (UID 1 FLAGS"));
  EXPECT_THAT(answer, HasSubstr("* 2 FETCH (UID 3 FLAGS"));
  EXPECT_THAT(answer, HasSubstr("* 4000 FETCH (UID 4501 FLAGS"));
  EXPECT_THAT(answer, HasSubstr("* 4499 FETCH (UID 5000 FLAGS"));
  const std::string subjects = fetch("FETCH 1:* BODY[HEADER.FIELDS (SUBJECT)]");
  EXPECT_EQ(count(subjects, " FETCH (FLAGS (\\Seen work \\Recent) BODY[HEADER.FIELDS (SUBJECT)] {24}\r\nSubject: one"),
            4499);
  EXPECT_EQ(talk().line("n NOOP"), "n OK NOOP completed\r\n");
}

TEST_F(ImapFetch, NamesKeywordsBeforeItUsesThem) {
  world.deliver("x");
  talk();
  const auto owner = world.account();
  const auto ids = owner->keyword_ids({"fresh"}, true);
  ASSERT_TRUE(owner->store_flags(owner->find_folder("INBOX")->id, NumberSet::of(1, 1), account::FlagChange::add,
                                 account::Flags{0, *ids}, std::nullopt));
  const std::string answer = fetch("FETCH 1 FLAGS");
  EXPECT_THAT(answer, StartsWith("* FLAGS ("));
  EXPECT_THAT(answer, EndsWith("* 1 FETCH (FLAGS (fresh \\Recent))\r\n"));
}

TEST_F(ImapFetch, NamesNoKeywordsWithinALiteral) {
  const std::string message = "Subject: x\r\n\r\n" + std::string(1 << 20, 'x');
  world.deliver(message);
  world.deliver("Subject: y\r\n\r\n");
  talk();
  const auto owner = world.account();
  world.store.refuse_read = [&](std::uint64_t offset) -> std::optional<Errc> {
    if (offset > 500'000) (void)owner->keyword_ids({"fresh"}, true);
    return std::nullopt;
  };
  const std::string answer = fetch("FETCH 1:2 (FLAGS BODY.PEEK[])");
  EXPECT_THAT(answer, StartsWith("* 1 FETCH (FLAGS (\\Recent) BODY[] " + literal(message) + ")\r\n"));
  EXPECT_THAT(answer, EndsWith("* 2 FETCH (FLAGS (\\Recent) BODY[] " + literal("Subject: y\r\n\r\n") + ")\r\n"));
}

TEST_F(ImapFetch, SendsWhatChangedSince) {
  for (int i = 0; i < 300; ++i) world.deliver("x");
  talk().line("e ENABLE QRESYNC");
  const auto owner = world.account();
  const std::string before = std::to_string(owner->find_folder("INBOX")->highest_modseq);
  talk().line("b STORE 7,200 +FLAGS (\\Flagged)");
  const std::string now = std::to_string(owner->find_folder("INBOX")->highest_modseq);
  const std::string seven = "* 7 FETCH (UID 7 FLAGS (\\Flagged \\Recent) MODSEQ (" + now + "))\r\n";
  EXPECT_EQ(fetch("UID FETCH 1:100 FLAGS (CHANGEDSINCE " + before + ")"), seven);
  EXPECT_THAT(fetch("UID FETCH 1:* FLAGS (CHANGEDSINCE " + before + ")"),
              AllOf(StartsWith(seven), HasSubstr("* 200 ")));
  EXPECT_EQ(fetch("FETCH 1:* FLAGS (CHANGEDSINCE " + now + ")"), "");
  talk().line("c STORE 3,4,9 +FLAGS.SILENT (\\Deleted)");
  talk().line("d EXPUNGE");
  EXPECT_EQ(fetch("UID FETCH 1:8 UID (CHANGEDSINCE " + now + " VANISHED)"), "* VANISHED (EARLIER) 3:4\r\n");
  EXPECT_EQ(talk().line("e FETCH 1 UID (CHANGEDSINCE 1 VANISHED)").substr(0, 6), "e BAD ");
}

TEST_F(ImapFetch, LeavesOutWhatOthersRemoved) {
  for (int i = 0; i < 4; ++i) world.deliver("Subject: " + std::to_string(i) + "\r\n\r\n");
  talk();
  const auto owner = world.account();
  ASSERT_TRUE(owner->remove(owner->find_folder("INBOX")->id, NumberSet::of(2, 3)));
  EXPECT_EQ(fetch("FETCH 1:4 UID", "a OK [EXPUNGEISSUED] Some messages were removed meanwhile\r\n"),
            "* 1 FETCH (UID 1)\r\n* 4 FETCH (UID 4)\r\n");
  EXPECT_EQ(fetch("FETCH 2:4 BODY.PEEK[HEADER.FIELDS (SUBJECT)]",
                  "a OK [EXPUNGEISSUED] Some messages were removed meanwhile\r\n"),
            "* 4 FETCH (BODY[HEADER.FIELDS (SUBJECT)] {14}\r\nSubject: 3\r\n\r\n)\r\n");
}

TEST_F(ImapFetch, DeliversTheOthersWhenOneCannotBeRead) {
  for (int i = 0; i < 3; ++i) world.deliver("Subject: " + std::to_string(i) + "\r\n\r\n");
  talk();
  int reads = 0;
  world.store.refuse_read = [&reads](std::uint64_t) {
    return ++reads == 2 ? std::optional(Errc::corrupt) : std::nullopt;
  };
  const std::string answer = talk().line("a FETCH 1:3 (UID BODY.PEEK[])");
  EXPECT_THAT(answer,
              StartsWith("* 1 FETCH (UID 1 BODY[] {14}\r\nSubject: 0\r\n\r\n)\r\n* 3 FETCH (UID 3 BODY[] {14}"));
  EXPECT_THAT(last_line(answer), StartsWith("a NO "));
  EXPECT_FALSE(talk().closed);
}

TEST_F(ImapFetch, EndsTheConnectionWithinALiteralThatCannotGoOn) {
  world.deliver("Subject: x\r\n\r\n" + std::string(1 << 20, 'x'));
  talk();
  world.store.refuse_read = [](std::uint64_t offset) {
    return offset > 500'000 ? std::optional(Errc::corrupt) : std::nullopt;
  };
  EXPECT_THAT(talk().line("a FETCH 1 BODY.PEEK[]"), Not(HasSubstr("a NO")));
  EXPECT_TRUE(talk().closed);
}

TEST_F(ImapFetch, GivesCopiesTheSameId) {
  world.deliver("Subject: x\r\n\r\n");
  world.clock.advance(std::chrono::hours(1));
  world.deliver("Subject: x\r\n\r\n");
  talk().line("c COPY 1 INBOX");
  talk().line("n NOOP");
  const std::string answer = fetch("FETCH 1:3 EMAILID");
  const std::string id = answer.substr(11, answer.find("\r\n") - 11);
  EXPECT_THAT(id, StartsWith("EMAILID (M"));
  EXPECT_EQ(count(answer, id), 2);
  EXPECT_THAT(answer, HasSubstr("* 3 FETCH (" + id));
}

TEST_F(ImapFetch, ShowsTheFirstWords) {
  world.deliver("Subject: x\r\n\r\n  Hello\r\n\tgr\xc3\xbc\xc3\x9f " + std::string(500, 'y') + "\r\n");
  world.deliver(
      "Content-Type: multipart/alternative; boundary=b\r\n\r\n"
      "--b\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n<html><head><style>p{x:y}</style></head>"
      "<body><p>Guten&nbsp;Tag,<br>sch\xf6ne <b>W</b>elt</p></body></html>\r\n--b--\r\n");
  world.deliver("Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n");
  const std::string first = "Hello gr\xc3\xbc\xc3\x9f " + std::string(189, 'y');
  EXPECT_EQ(fetch("FETCH 1 PREVIEW"), "* 1 FETCH (PREVIEW " + literal(first) + ")\r\n");
  EXPECT_EQ(fetch("FETCH 2 (PREVIEW)"), "* 2 FETCH (PREVIEW " + literal("Guten Tag, sch\xc3\xb6ne Welt") + ")\r\n");
  EXPECT_EQ(fetch("FETCH 3 PREVIEW"), "* 3 FETCH (PREVIEW \"\")\r\n");
}

TEST_F(ImapFetch, ReadsNothingForALazyPreview) {
  world.deliver("Subject: x\r\n\r\nHello\r\n");
  world.deliver("Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n");
  talk().line("n NOOP");
  const std::uint64_t before = world.store.traffic.body_reads;
  EXPECT_EQ(fetch("FETCH 1:2 PREVIEW (LAZY)"), "* 1 FETCH (PREVIEW NIL)\r\n* 2 FETCH (PREVIEW \"\")\r\n");
  EXPECT_EQ(world.store.traffic.body_reads, before);
  EXPECT_EQ(fetch("FETCH 1 PREVIEW"), "* 1 FETCH (PREVIEW \"Hello\")\r\n");
  const std::uint64_t after = world.store.traffic.body_reads;
  EXPECT_GT(after, before);
  EXPECT_EQ(fetch("FETCH 1 (PREVIEW (LAZY))"), "* 1 FETCH (PREVIEW \"Hello\")\r\n");
  EXPECT_EQ(world.store.traffic.body_reads, after);
}

TEST_F(ImapFetch, ARangeOfMessagesIsTakenBeforeLookingAtWhatChanged) {
  for (int i = 0; i < 4; ++i) world.deliver("Subject: " + std::to_string(i) + "\r\n\r\n");
  talk().line("n NOOP");
  const auto since = world.account()->find_folder("INBOX")->highest_modseq;
  talk().line("t UID STORE 1,3 +FLAGS.SILENT (\\Seen)");
  const std::string range = " (FLAGS) (PARTIAL -1:-2 CHANGEDSINCE " + std::to_string(since) + ")";
  EXPECT_THAT(fetch("UID FETCH 1:*" + range), AllOf(HasSubstr("* 3 FETCH (UID 3"), Not(HasSubstr("UID 1"))));
  EXPECT_EQ(fetch("UID FETCH 4" + range), "");
}

TEST_F(ImapFetch, UnderstandsTheSavedResult) {
  for (int i = 0; i < 4; ++i) world.deliver("Subject: " + std::to_string(i) + "\r\n\r\n");
  talk().line("s SEARCH RETURN (SAVE) SUBJECT 2");
  EXPECT_EQ(fetch("FETCH $ UID"), "* 3 FETCH (UID 3)\r\n");
  EXPECT_EQ(fetch("UID FETCH $ UID"), "* 3 FETCH (UID 3)\r\n");
}

}  // namespace
}  // namespace gatepost::imap::server
