#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "imap/protocol/sequence_set.hpp"
#include "imap/server/test_messages.hpp"
#include "imap/server/test_support.hpp"

namespace gatepost::imap::server {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class ImapSearch : public testing::Test {
 protected:
  // What is found, "2 3 6".
  std::string search(std::string_view what) {
    const std::string answer = talk().line("a SEARCH " + std::string(what));
    constexpr std::string_view kEnd = "\r\na OK SEARCH completed\r\n";
    EXPECT_THAT(answer, StartsWith("* SEARCH")) << what;
    EXPECT_THAT(answer, EndsWith(kEnd)) << what;
    if (!answer.starts_with("* SEARCH") || !answer.ends_with(kEnd)) return "?";
    return std::string(ascii::trim(std::string_view(answer).substr(8, answer.size() - 8 - kEnd.size())));
  }
  std::string line(std::string_view text) { return talk().line(text); }
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

TEST_F(ImapSearch, AnswersAnEmptyMailbox) {
  for (const char* what : {"ALL", "1:*", "UID 1:*", "*", "UNSEEN", "NOT 1", "BODY x", "$", "5:7"}) {
    EXPECT_EQ(search(what), "") << what;
  }
  EXPECT_EQ(line("b UID SEARCH RETURN (MIN MAX COUNT ALL) ALL"),
            "* ESEARCH (TAG \"b\") UID COUNT 0\r\nb OK SEARCH completed\r\n");
}

TEST_F(ImapSearch, FindsByNumbers) {
  for (int i = 0; i < 6; ++i) world.deliver("x");
  const auto owner = world.account();
  ASSERT_TRUE(owner->remove(owner->find_folder("INBOX")->id, NumberSet::of(2, 3)));  // UIDs 1 4 5 6
  EXPECT_EQ(search("ALL"), "1 2 3 4");
  EXPECT_EQ(search("2:3"), "2 3");
  EXPECT_EQ(search("3:*"), "3 4");
  EXPECT_EQ(search("9:*"), "4");  // '*' is 4
  EXPECT_EQ(search("7"), "");
  EXPECT_EQ(search("UID 2:5"), "2 3");
  EXPECT_EQ(search("UID 9:*"), "4");
  EXPECT_EQ(search("NOT UID 4"), "1 3 4");
  EXPECT_EQ(search("OR 1 UID 5"), "1 3");
  EXPECT_EQ(line("b UID SEARCH 2:3"), "* SEARCH 4 5\r\nb OK SEARCH completed\r\n");
}

TEST_F(ImapSearch, FindsByFlagsAndRecency) {
  world.deliver("x", "INBOX", account::flag::kSeen | account::flag::kAnswered);
  world.deliver("x", "INBOX", account::flag::kFlagged);
  world.deliver("x", "INBOX", account::flag::kDeleted | account::flag::kDraft);
  Talk first(world);
  first.enter();
  first.line("s SELECT INBOX");
  world.deliver("x");
  EXPECT_EQ(search("SEEN"), "1");
  EXPECT_EQ(search("UNSEEN UNFLAGGED"), "3 4");
  EXPECT_EQ(search("OR ANSWERED DELETED"), "1 3");
  EXPECT_EQ(search("DRAFT UNANSWERED UNDELETED"), "");
  EXPECT_EQ(search("RECENT"), "4");
  EXPECT_EQ(search("OLD"), "1 2 3");
  EXPECT_EQ(search("NEW"), "4");
  line("c STORE 1:2 +FLAGS (Work)");
  EXPECT_EQ(search("KEYWORD wORK"), "1 2");
  EXPECT_EQ(search("UNKEYWORD Work"), "3 4");
  EXPECT_EQ(search("KEYWORD nobody"), "");
  EXPECT_EQ(search("UNKEYWORD nobody"), "1 2 3 4");
}

TEST_F(ImapSearch, FindsBySizesAndDates) {
  const auto at = [](std::string_view date) { return "Date: " + std::string(date) + "\r\n\r\n"; };
  world.deliver(at("Wed, 31 Dec 2025 23:30:00 -0500"));  // the first of January in UTC
  world.clock.advance(std::chrono::hours(24));
  world.deliver(at("Thu, 1 Jan 2026 00:30:00 +0100"));
  world.clock.advance(std::chrono::hours(24));
  world.deliver("Subject: no date" + std::string(100, '!') + "\r\n\r\n");
  EXPECT_EQ(search("SENTON 31-Dec-2025"), "1");
  EXPECT_EQ(search("SENTBEFORE 1-Jan-2026"), "1");
  EXPECT_EQ(search("SENTSINCE 1-Jan-2026"), "2");
  EXPECT_EQ(search("NOT SENTSINCE 1-Jan-2026"), "1 3");
  EXPECT_EQ(search("ON 2-Jan-2026"), "2");
  EXPECT_EQ(search("BEFORE 2-Jan-2026"), "1");
  EXPECT_EQ(search("SINCE 2-Jan-2026"), "2 3");
  EXPECT_EQ(search("SAVEDON 3-Jan-2026"), "3");
  EXPECT_EQ(search("SAVEDBEFORE 3-Jan-2026 SAVEDSINCE 2-Jan-2026 SAVEDATESUPPORTED"), "2");
  EXPECT_EQ(search("LARGER 41"), "3");
  EXPECT_EQ(search("LARGER 38"), "1 2 3");
  EXPECT_EQ(search("SMALLER 41"), "2");
  EXPECT_EQ(search("YOUNGER 86400"), "2 3");
  EXPECT_EQ(search("OLDER 86400"), "1 2");
  EXPECT_EQ(search("OLDER 4294967295"), "");
}

TEST_F(ImapSearch, FindsInHeaders) {
  world.deliver(
      "From: =?utf-8?q?J=C3=BCrgen?= Gro\xc3\x9f <jg@example.org>\r\nTo: \"Doe, Jane\" <jane@example.com>, "
      "bob@example.net\r\n"
      "Subject: =?iso-8859-1?q?Gr=FC=DFe?= aus\r\n Bonn\r\nX-Loop: one\r\nMessage-ID: <a@b>\r\nReferences: <r1@x> "
      "<r2@x>\r\n"
      "x-LOOP: Two\r\nCc:\r\n\r\n");
  world.deliver(
      "From: x@example.org\r\nSubject:\r\nX-Loop:\r\n\r\nGr\xc3\xbc\xc3\x9f"
      "e\r\n");
  const auto literal = [this](std::string_view before, std::string_view text) {
    return search("CHARSET UTF-8 " + std::string(before) + " {" + std::to_string(text.size()) + "+}\r\n" +
                  std::string(text));
  };
  EXPECT_EQ(literal("FROM", "J\xc3\x9cRGEN gro\xc3\x9f"), "1");
  EXPECT_EQ(literal("FROM", "j\xc3\xbcrgen GROSS"), "") << "RFC 5051 changes one code point at a time";
  EXPECT_EQ(literal("SUBJECT",
                    "GR\xc3\x9c\xc3\x9f"
                    "E aus Bonn"),
            "1");
  EXPECT_EQ(search("CHARSET ISO-8859-1 SUBJECT {4+}\r\nGr\xfc\xdf"), "1");
  EXPECT_EQ(search("FROM example.org"), "1 2");
  EXPECT_EQ(search("FROM <jg@example.org>"), "1");
  EXPECT_EQ(search("TO \"Doe, Jane\" TO bob@EXAMPLE.net"), "1");
  EXPECT_EQ(search("HEADER To jane"), "1");
  EXPECT_EQ(search("HEADER X-Loop two"), "1");
  EXPECT_EQ(search("HEADER X-Loop \"\""), "1 2");
  EXPECT_EQ(search("HEADER X-None \"\""), "");
  EXPECT_EQ(search("SUBJECT \"\""), "1 2");
  EXPECT_EQ(search("CC \"\""), "1");
  EXPECT_EQ(search("BCC \"\""), "");
  EXPECT_EQ(search("HEADER message-id <A@B>"), "1");
  EXPECT_EQ(search("HEADER References r2@"), "1");
  EXPECT_EQ(search("CC example"), "");
  EXPECT_EQ(search("HEADER Date x"), "");
}

TEST_F(ImapSearch, FindsInBodies) {
  world.deliver(
      "Subject: outer\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n"
      "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
      "Content-Description: described\r\n\r\n" +
      base64::encode("Die Stra\xc3\x9f"
                     "e ist lang") +
      "\r\n--b\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
      "<p>M=E4rz und <b>Ap</b>ril, so=\r\nft</p>\r\n"
      "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner secret\r\n\r\ninner text\r\n"
      "--b\r\nContent-Type: application/octet-stream; name=blob.bin\r\n\r\nbinary words\r\n--b--\r\n");
  world.deliver("Subject: plain\r\n\r\nnothing here\r\n");
  const auto literal = [this](std::string_view before, std::string_view text) {
    return search("CHARSET UTF-8 " + std::string(before) + " {" + std::to_string(text.size()) + "+}\r\n" +
                  std::string(text));
  };
  EXPECT_EQ(literal("BODY",
                    "STRA\xc3\x9f"
                    "E ist"),
            "1");
  EXPECT_EQ(search("BODY marz"), "");
  EXPECT_EQ(search("BODY ma"), "1");  // RFC 5051: what combines with a letter follows it
  EXPECT_EQ(literal("BODY", "M\xc3\x84RZ und april, soft"), "1");
  EXPECT_EQ(search("BODY \"inner secret\""), "1");
  EXPECT_EQ(search("BODY \"inner text\""), "1");
  EXPECT_EQ(search("BODY outer"), "");
  EXPECT_EQ(search("TEXT outer"), "1");
  EXPECT_EQ(search("TEXT \"subject: PLAIN\""), "2");
  EXPECT_EQ(search("BODY described"), "");
  EXPECT_EQ(search("TEXT described"), "1");
  EXPECT_EQ(search("TEXT blob.bin"), "1");
  EXPECT_EQ(search("BODY \"binary words\""), "");
  EXPECT_EQ(search("BODY preamble"), "");
  EXPECT_EQ(search("BODY \"\""), "1 2");
  EXPECT_EQ(search("OR BODY soft BODY \"nothing here\""), "1 2");
  EXPECT_EQ(search("NOT BODY lang"), "2");
}

TEST_F(ImapSearch, FindsAcrossTheBordersOfPieces) {
  for (const int before : {65'530, 131'060, 131'072, 200'000}) {
    world.deliver("Subject: x\r\n\r\n" + std::string(static_cast<std::size_t>(before), '.') + "the needle" +
                  std::string(100'000, '.'));
  }
  EXPECT_EQ(search("BODY \"THE NEEDLE\""), "1 2 3 4");
}

TEST_F(ImapSearch, KnowsCharsets) {
  world.deliver("Subject: x\r\n\r\n");
  EXPECT_EQ(line("b SEARCH CHARSET KLINGON SUBJECT x"),
            "b NO [BADCHARSET (US-ASCII UTF-8)] This charset is not known here\r\n");
  line("c ENABLE UTF8=ACCEPT");
  EXPECT_THAT(line("d SEARCH CHARSET UTF-8 SUBJECT x"), StartsWith("d BAD "));
  EXPECT_EQ(search("SUBJECT x"), "1");
}

TEST_F(ImapSearch, ReturnsWhatIsAskedFor) {
  for (int i = 0; i < 9; ++i) world.deliver("x", "INBOX", i % 2 == 0 ? account::flag::kSeen : std::uint8_t{0});
  EXPECT_EQ(line("a SEARCH RETURN (MIN MAX COUNT ALL) SEEN"),
            "* ESEARCH (TAG \"a\") MIN 1 MAX 9 ALL 1,3,5,7,9 COUNT 5\r\na OK SEARCH completed\r\n");
  EXPECT_EQ(line("a UID SEARCH RETURN () UNSEEN"),
            "* ESEARCH (TAG \"a\") UID ALL 2,4,6,8\r\na OK SEARCH completed\r\n");
  EXPECT_EQ(line("a SEARCH RETURN (MIN) UNSEEN"), "* ESEARCH (TAG \"a\") MIN 2\r\na OK SEARCH completed\r\n");
  EXPECT_EQ(line("a SEARCH RETURN (MAX) UNSEEN"), "* ESEARCH (TAG \"a\") MAX 8\r\na OK SEARCH completed\r\n");
  EXPECT_EQ(line("a SEARCH RETURN (MIN MAX) DELETED"), "* ESEARCH (TAG \"a\")\r\na OK SEARCH completed\r\n");
  line("e ENABLE IMAP4rev2");
  EXPECT_EQ(line("a SEARCH SEEN 2:6"), "* ESEARCH (TAG \"a\") ALL 3,5\r\na OK SEARCH completed\r\n");
}

TEST_F(ImapSearch, SavesWhatItFound) {
  for (int i = 0; i < 9; ++i) world.deliver("x", "INBOX", i % 2 == 0 ? account::flag::kSeen : std::uint8_t{0});
  EXPECT_EQ(search("$"), "");
  EXPECT_EQ(line("b SEARCH RETURN (SAVE) SEEN"), "b OK SEARCH completed\r\n");
  EXPECT_EQ(search("$"), "1 3 5 7 9");
  EXPECT_EQ(search("NOT $ 1:4"), "2 4");
  EXPECT_EQ(search("OR UID $ 2"), "1 2 3 5 7 9");
  EXPECT_EQ(line("b SEARCH RETURN (SAVE) $ 4:*"), "b OK SEARCH completed\r\n");
  EXPECT_EQ(search("$"), "5 7 9");
  // RFC 5182 2.4
  EXPECT_THAT(line("b SEARCH RETURN (SAVE MIN) SEEN"), HasSubstr("MIN 1\r\n"));
  EXPECT_EQ(search("$"), "1");
  EXPECT_THAT(line("b SEARCH RETURN (SAVE MIN MAX) SEEN"), HasSubstr("MIN 1 MAX 9\r\n"));
  EXPECT_EQ(search("$"), "1 9");
  EXPECT_THAT(line("b SEARCH RETURN (SAVE MIN COUNT) SEEN"), HasSubstr("MIN 1 COUNT 5\r\n"));
  EXPECT_EQ(search("$"), "1 3 5 7 9");
  // 2.1: NO empties it, BAD does not.
  EXPECT_THAT(line("b SEARCH RETURN (SAVE) NONSENSE"), StartsWith("b BAD"));
  EXPECT_EQ(search("$"), "1 3 5 7 9");
  EXPECT_THAT(line("b SEARCH RETURN (SAVE) CHARSET KLINGON SUBJECT x"), StartsWith("b NO"));
  EXPECT_EQ(search("$"), "");
  line("b SEARCH RETURN (SAVE) 3:4");
  line("c STORE 3 +FLAGS.SILENT (\\Deleted)");
  line("d EXPUNGE");
  EXPECT_EQ(search("$"), "3");
}

TEST_F(ImapSearch, TellsTheModseqOfWhatItFound) {
  for (int i = 0; i < 4; ++i) world.deliver("x");
  const auto owner = world.account();
  const auto inbox = owner->find_folder("INBOX")->id;
  std::vector<std::string> modseqs;
  ASSERT_TRUE(owner->rows(inbox, NumberSet::of(1, 9), [&](const account::Row& row) {
    modseqs.push_back(std::to_string(row.modseq));
    return true;
  }));
  EXPECT_EQ(search("MODSEQ " + modseqs[2]), "3 4 (MODSEQ " + modseqs[3] + ")");
  EXPECT_EQ(search("MODSEQ 1 1:2"), "1 2 (MODSEQ " + modseqs[1] + ")");
  EXPECT_EQ(search("MODSEQ 999999"), "");
  EXPECT_THAT(line("b SEARCH RETURN (MIN) MODSEQ 1"), HasSubstr("MIN 1 MODSEQ " + modseqs[0] + "\r\n"));
  EXPECT_THAT(line("b SEARCH RETURN (MAX) MODSEQ 1"), HasSubstr("MAX 4 MODSEQ " + modseqs[3] + "\r\n"));
  EXPECT_THAT(line("b SEARCH RETURN (MIN COUNT) MODSEQ 1"), HasSubstr("COUNT 4 MODSEQ " + modseqs[3] + "\r\n"));
}

TEST_F(ImapSearch, PassesOverWhatIsGoneOrDamaged) {
  for (int i = 0; i < 4; ++i) world.deliver("Subject: x\r\n\r\nword" + std::to_string(i));
  talk();
  const auto owner = world.account();
  ASSERT_TRUE(owner->remove(owner->find_folder("INBOX")->id, NumberSet::of(2, 2)));
  EXPECT_EQ(line("b SEARCH BODY word"),
            "* SEARCH 1 3 4\r\nb OK [EXPUNGEISSUED] Some messages were removed meanwhile\r\n");
  int reads = 0;
  world.store.refuse_read = [&reads](std::uint64_t) {
    return ++reads == 2 ? std::optional(Errc::corrupt) : std::nullopt;
  };
  EXPECT_THAT(line("b SEARCH BODY word"), StartsWith("* SEARCH 1 4\r\nb OK"));
  world.store.refuse_read = [](std::uint64_t) { return std::optional(Errc::unavailable); };
  EXPECT_THAT(line("b SEARCH BODY word"), StartsWith("b NO [UNAVAILABLE]"));
}

TEST_F(ImapSearch, FindsAMessageByItsId) {
  world.deliver("Subject: x\r\n\r\n");
  world.deliver("Subject: y\r\n\r\n");
  const std::string answer = line("b FETCH 2 EMAILID");
  const std::string id = answer.substr(20, answer.find("))") - 20);
  EXPECT_EQ(search("EMAILID " + id), "2");
  EXPECT_EQ(search("THREADID x"), "");
}

TEST_F(ImapSearch, FindsAConversation) {
  world.deliver("Message-ID: <a@x>\r\nSubject: Lunch\r\n\r\n");
  world.deliver("Message-ID: <b@x>\r\nSubject: Dinner\r\n\r\n");
  world.deliver("Message-ID: <c@x>\r\nIn-Reply-To: <a@x>\r\nSubject: Re: Lunch\r\n\r\n");
  const std::string answer = line("b FETCH 3 THREADID");
  const std::string id = answer.substr(21, answer.find("))") - 21);
  EXPECT_EQ(search("THREADID " + id), "1 3");
}

// A program as text, and what it means.
struct Program {
  struct Model {
    std::uint32_t number, uid;
    std::uint8_t flags;
    int day;  // of January
    std::string subject, body;
    std::size_t octets;
  };
  std::string text;
  std::function<bool(const Model&)> matches;
};

class Programs {
 public:
  std::uint32_t random(std::uint32_t n) { return (seed_ = seed_ * 1664525 + 1013904223) / 65536 % n; }
  std::string word() {
    static constexpr std::string_view kWords[] = {"alpha", "beta", "gamma", "delta", "Epsilon"};
    return std::string(kWords[random(5)]);
  }

  Program make(int depth) {
    const std::uint32_t kind = depth == 0 ? 4 + random(10) : random(14);
    using Model = Program::Model;
    switch (kind) {
      case 0: {
        const Program a = make(depth - 1), b = make(depth - 1);
        return {"OR " + a.text + " " + b.text, [=](const Model& m) { return a.matches(m) || b.matches(m); }};
      }
      case 1: {
        const Program a = make(depth - 1);
        return {"NOT " + a.text, [=](const Model& m) { return !a.matches(m); }};
      }
      case 2:
      case 3: {
        const Program a = make(depth - 1), b = make(depth - 1), c = make(depth - 1);
        return {"(" + a.text + " " + b.text + " " + c.text + ")",
                [=](const Model& m) { return a.matches(m) && b.matches(m) && c.matches(m); }};
      }
      case 4: {
        const std::uint32_t a = 1 + random(30), b = 1 + random(30);
        return {std::to_string(a) + ":" + std::to_string(b),
                [=](const Model& m) { return m.number >= std::min(a, b) && m.number <= std::max(a, b); }};
      }
      case 5: {
        const std::uint32_t a = 1 + random(40), b = 1 + random(40);
        return {"UID " + std::to_string(a) + "," + std::to_string(b),
                [=](const Model& m) { return m.uid == a || m.uid == b; }};
      }
      case 6:
        return {"SEEN", [](const Model& m) { return (m.flags & account::flag::kSeen) != 0; }};
      case 7:
        return {"UNFLAGGED", [](const Model& m) { return (m.flags & account::flag::kFlagged) == 0; }};
      case 8: {
        const int day = 1 + static_cast<int>(random(30));
        return {"SINCE " + std::to_string(day) + "-Jan-2026", [=](const Model& m) { return m.day >= day; }};
      }
      case 9: {
        const std::size_t octets = 20 + random(60);
        return {"LARGER " + std::to_string(octets), [=](const Model& m) { return m.octets > octets; }};
      }
      case 10:
      case 11: {
        const std::string w = word();
        return {"SUBJECT " + w, [=](const Model& m) { return ascii::ifind(m.subject, w) != std::string::npos; }};
      }
      case 12: {
        const std::string w = word();
        return {"BODY " + w, [=](const Model& m) { return ascii::ifind(m.body, w) != std::string::npos; }};
      }
      default: {
        const std::string w = word();
        return {"TEXT " + w, [=](const Model& m) {
                  return ascii::ifind(m.body, w) != std::string::npos ||
                         ascii::ifind(m.subject, w) != std::string::npos;
                }};
      }
    }
  }

 private:
  std::uint32_t seed_ = 11;
};

TEST_F(ImapSearch, AgreesWithASimplerMindOnRandomPrograms) {
  Programs programs;
  std::vector<Program::Model> mailbox;
  for (std::uint32_t i = 0; i < 40; ++i) {
    Program::Model m;
    m.flags = static_cast<std::uint8_t>(programs.random(8) & (account::flag::kSeen | account::flag::kFlagged));
    m.subject = programs.word() + (programs.random(2) == 0 ? "" : " " + programs.word());
    m.body = programs.word() + " " + programs.word();
    const std::string message = "Subject: " + m.subject + "\r\n\r\n" + m.body + "\r\n";
    m.octets = message.size();
    m.day = 1 + static_cast<int>(i) / 2;
    m.uid = world.deliver(message, "INBOX", m.flags);
    if (i % 2 == 1) world.clock.advance(std::chrono::hours(24));
    mailbox.push_back(m);
  }
  const auto owner = world.account();
  NumberSet removed = SequenceSet::parse("3,7:9,20,38")->resolve(40);
  ASSERT_TRUE(owner->remove(owner->find_folder("INBOX")->id, removed));
  std::erase_if(mailbox, [&](const auto& m) { return removed.contains(m.uid); });
  for (std::uint32_t i = 0; i < mailbox.size(); ++i) mailbox[i].number = i + 1;

  for (int round = 0; round < 3'000; ++round) {
    Program program = programs.make(static_cast<int>(programs.random(5)));
    std::vector<std::uint32_t> found;
    for (const auto& m : mailbox) {
      if (program.matches(m)) found.push_back(m.number);
    }
    std::string all;
    for (const std::uint32_t n : found) all += (all.empty() ? "" : " ") + std::to_string(n);
    ASSERT_EQ(search(program.text), all) << program.text;
    if (round % 10 != 0) continue;
    const std::string min = found.empty() ? "" : " MIN " + std::to_string(found.front());
    const std::string max = found.empty() ? "" : " MAX " + std::to_string(found.back());
    const std::string end = "\r\nb OK SEARCH completed\r\n", begin = "* ESEARCH (TAG \"b\")";
    ASSERT_EQ(line("b SEARCH RETURN (MIN) " + program.text), begin + min + end) << program.text;
    ASSERT_EQ(line("b SEARCH RETURN (MAX) " + program.text), begin + max + end) << program.text;
    ASSERT_EQ(line("b SEARCH RETURN (COUNT) " + program.text), begin + " COUNT " + std::to_string(found.size()) + end);
  }
}

TEST_F(ImapSearch, GoesThroughManyMessagesAndDeepPrograms) {
  const auto owner = world.account();
  auto writer = *owner->new_body(0);
  ASSERT_TRUE(writer->append("Subject: one of many\r\n\r\n"));
  const account::NewItem item{.body = *writer->finish(), .received = world.clock.now()};
  const std::vector<account::NewItem> items(500, item);
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(owner->append(owner->find_folder("INBOX")->id, items));
  EXPECT_EQ(line("b SEARCH RETURN (COUNT MIN MAX) UNSEEN"),
            "* ESEARCH (TAG \"b\") MIN 1 MAX 6000 COUNT 6000\r\nb OK SEARCH completed\r\n");
  EXPECT_EQ(line("b SEARCH RETURN (MAX) UNSEEN 1:5000"), "* ESEARCH (TAG \"b\") MAX 5000\r\nb OK SEARCH completed\r\n");
  std::string deep;
  for (int i = 0; i < 98; ++i) deep += i % 2 == 0 ? "NOT " : "OR DELETED ";
  EXPECT_EQ(line("b SEARCH RETURN (COUNT) " + deep + "UNSEEN"),
            "* ESEARCH (TAG \"b\") COUNT 0\r\nb OK SEARCH completed\r\n");
  std::string numbers = "b SEARCH RETURN (COUNT) UNSEEN";
  for (int i = 0; i < 2'000; ++i) numbers += i % 2 == 0 ? " 2:*" : " UID *:3";
  EXPECT_EQ(line(numbers), "* ESEARCH (TAG \"b\") COUNT 5998\r\nb OK SEARCH completed\r\n");
  std::string wide;
  for (int i = 0; i < 2'000; ++i) wide += " UNDELETED";
  EXPECT_EQ(line("b SEARCH RETURN (COUNT) 1:10" + wide), "* ESEARCH (TAG \"b\") COUNT 10\r\nb OK SEARCH completed\r\n");
}

}  // namespace
}  // namespace gatepost::imap::server
