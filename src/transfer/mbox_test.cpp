#include "transfer/mbox.hpp"

#include <gmock/gmock.h>

#include "transfer/test_support.hpp"

namespace gatepost::transfer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<Read> read(std::string_view file, MboxQuoting quoting = MboxQuoting::mboxrd, std::size_t chunk = 0) {
  MboxReader reader(quoting);
  std::vector<Read> out;
  const auto drain = [&] {
    while (auto event = reader.next()) {
      if (event->kind == MboxReader::Event::Kind::begin) out.push_back({event->message, {}});
      if (event->kind == MboxReader::Event::Kind::octets) out.back().octets += event->octets;
    }
  };
  if (chunk == 0) chunk = file.size();
  for (std::size_t at = 0; at < file.size(); at += chunk) {
    reader.feed(file.substr(at, chunk));
    drain();
  }
  reader.finish();
  drain();
  return out;
}

std::string write(const std::vector<Read>& messages, MboxQuoting quoting, std::size_t chunk) {
  std::string out;
  for (const Read& m : messages) {
    MboxWriter writer(quoting);
    writer.begin(m.message, out);
    for (std::size_t at = 0; at < m.octets.size(); at += chunk) writer.write(m.octets.substr(at, chunk), out);
    writer.end(out);
  }
  return out;
}

constexpr std::string_view kTwo =
    "From anna@example.org Thu Nov 26 09:16:42 2026\n"
    "Subject: one\n"
    "Status: RO\n"
    "X-Status: AF\n"
    "X-Keywords: $Work Later\n"
    "  folded\n"
    "X-UID: 12\n"
    "\n"
    "Hello\n"
    ">From here\n"
    ">>From there\n"
    "From us, in the middle\n"
    "\n"
    "From nobody, without a date\n"
    "\n"
    "From bert@example.org  Mon Jan  5 01:02:03 2026 +0100\n"
    "Subject: two\n"
    "\n"
    "last line\n"
    "\n"
    "\n";

TEST(Mbox, PartsMessagesAndTakesFlagsOutOfTheirHeaders) {
  for (std::size_t chunk = 1; chunk < 40; ++chunk) {
    const auto found = read(kTwo, MboxQuoting::mboxrd, chunk);
    ASSERT_THAT(found, SizeIs(2));
    EXPECT_EQ(found[0].message.received, TimePoint(std::chrono::seconds(1'795'684'602)));
    EXPECT_EQ(found[0].message.flags, account::flag::kSeen | account::flag::kAnswered | account::flag::kFlagged);
    EXPECT_THAT(found[0].message.keywords, ElementsAre("$Work", "Later"));
    EXPECT_EQ(found[0].octets,
              "Subject: one\r\n\r\nHello\r\nFrom here\r\n>From there\r\nFrom us, in the middle\r\n\r\n"
              "From nobody, without a date\r\n");
    EXPECT_EQ(found[1].octets, "Subject: two\r\n\r\nlast line\r\n\r\n");
    EXPECT_EQ(found[1].message.received, TimePoint(std::chrono::seconds(1'767'571'323)));
  }
}

TEST(Mbox, OfTheOldKindHasOneQuotedForm) {
  const auto found = read(kTwo, MboxQuoting::mboxo);
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_THAT(found[0].octets, testing::HasSubstr("\r\nFrom here\r\n>>From there\r\n"));
}

TEST(Mbox, KeepsEverythingWhenItIsWrittenAndReadAgain) {
  std::vector<Read> messages(4);
  messages[0] = {{.flags = 31, .keywords = {"a", "$b"}, .received = TimePoint(std::chrono::seconds(1'795'684'602))},
                 "Subject: x\r\n\r\nFrom me\r\n>From you\r\n>>>From all\r\n> From no\r\n"};
  messages[1] = {{.received = TimePoint(std::chrono::seconds(86'400 * 4))},
                 "\r\nno header\r\n\r\n\r\nFrom x Thu Nov 26 09:16:42 2026\r\n"};
  messages[2] = {{.received = TimePoint(std::chrono::seconds(0))}, "Subject: only a header\r\n"};
  messages[3] = {{.received = TimePoint(std::chrono::seconds(1'900'000'000))},
                 "A: " + std::string(300'000, 'x') + "\r\n\r\n" + std::string(200'000, '>') + "From \r\n\r\n\r\n"};
  for (const std::size_t chunk : {1UL, 7UL, 65'536UL, 10'000'000UL}) {
    const std::string file = write(messages, MboxQuoting::mboxrd, chunk);
    const auto found = read(file, MboxQuoting::mboxrd, 1'000);
    ASSERT_THAT(found, SizeIs(4)) << chunk;
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(found[i].octets, messages[i].octets) << i;
      EXPECT_EQ(found[i].message, messages[i].message) << i;
    }
  }
}

TEST(Mbox, LeavesOutNotesOfOtherProgramsAndWhatStandsBeforeTheFirstMessage) {
  EXPECT_THAT(read(""), IsEmpty());
  EXPECT_THAT(read("no mbox at all\n\nreally\n"), IsEmpty());
  const auto found = read(
      "rubbish\n\nFrom MAILER-DAEMON Thu Nov 26 09:16:42 2026\nSubject: DON'T DELETE THIS MESSAGE\n"
      "X-IMAP: 1212 3\n\nnotes\n\nFrom x Thu Nov 26 09:16:42 2026\n\nbody");
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].octets, "\r\nbody");
  EXPECT_EQ(read("From x Thu Nov 26 09:16:42 2026").size(), 1U);
}

TEST(Mbox, LosesNoMessageThatSaysItHoldsNotes) {
  const std::string file = "From x Thu Nov 26 09:16:42 2026\nX-IMAP: 1\nSubject: an order\nStatus: R\n\nten\n";
  const auto found = read(file);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].octets, "X-IMAP: 1\r\nSubject: an order\r\n\r\nten\r\n");
  EXPECT_EQ(found[0].message.flags, account::flag::kSeen);
  MboxReader reader(MboxQuoting::mboxrd);
  reader.feed(file);
  reader.finish();
  EXPECT_FALSE(reader.left_out_notes());
  reader = MboxReader(MboxQuoting::mboxrd);
  reader.feed(
      "From x Thu Nov 26 09:16:42 2026\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1 "
      "2\n\nx\n");
  reader.finish();
  EXPECT_TRUE(reader.left_out_notes());
}

TEST(Mbox, KnowsALineThatBeginsAMessageByItsDate) {
  EXPECT_TRUE(parse_from_line("From x Thu Nov 26 09:16:42 2026\r\n"));
  EXPECT_TRUE(parse_from_line("From - Thu Nov 26 09:16:42 2026"));
  EXPECT_TRUE(parse_from_line("From \"a b\"@example.org Thu Nov 26 09:16 2026"));
  EXPECT_EQ(parse_from_line("From x Thu Nov 26 09:16:42 CET 2026"), parse_from_line("From x Thu Nov 26 09:16:42 2026"));
  EXPECT_EQ(parse_from_line("From x Thu Nov 26 10:16:42 +0100 2026"),
            parse_from_line("From x Thu Nov 26 09:16:42 2026"));
  for (const char* no : {"", "From ", "From x", "from x Thu Nov 26 09:16:42 2026", "From here to 12:30 we wait",
                         "From x Thu Nov 26 2026", "From x Thu Nov 99 09:16:42 2026", "From x Thu Foo 26 09:16:42 2026",
                         "From 1 Nov 26 25:99:99 2026"}) {
    EXPECT_FALSE(parse_from_line(no)) << no;
  }
}

}  // namespace
}  // namespace gatepost::transfer
