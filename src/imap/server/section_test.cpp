#include "imap/server/section.hpp"

#include <gtest/gtest.h>

#include "base/ascii.hpp"
#include "imap/protocol/command.hpp"
#include "imap/server/test_messages.hpp"
#include "mime/header.hpp"

namespace gatepost::imap::server {
namespace {

// As a client writes it, without the brackets.
Section section(std::string_view text) {
  const auto command = parse_command("A FETCH 1 BODY[" + std::string(text) + "]");
  EXPECT_TRUE(command) << text;
  return std::get<Fetch>(command->body).items.sections.at(0).section;
}

std::string octets(const std::string& message, std::string_view text) {
  const mime::Structure structure = mime::scan(message);
  const auto place = find_section(structure, section(text));
  if (!place) return "NIL";
  return message.substr(place->range.begin, place->range.octets());
}

std::string fields(std::string_view block, const Section& wanted, std::size_t chunk) {
  FieldFilter filter = filter_of(wanted);
  std::string out;
  for (std::size_t at = 0; at < block.size(); at += chunk) filter.append(block.substr(at, chunk), out);
  filter.finish(out);
  return out;
}

TEST(ImapSection, FindsAllPartsOfTheStandardsExample) {
  const std::string m = test::standards_example();
  EXPECT_EQ(octets(m, ""), m);
  EXPECT_EQ(octets(m, "HEADER") + octets(m, "TEXT"), m);
  EXPECT_TRUE(octets(m, "HEADER").ends_with("\r\n\r\n"));
  EXPECT_EQ(octets(m, "1"), "part 1\r\nof two lines");
  EXPECT_EQ(octets(m, "1.MIME"), "Content-Type: text/plain\r\n\r\n");
  EXPECT_EQ(octets(m, "2"), "AAEC/w==");
  EXPECT_EQ(octets(m, "3"), octets(m, "3.HEADER") + octets(m, "3.TEXT"));
  EXPECT_EQ(octets(m, "3.MIME"), "Content-Type: message/rfc822\r\n\r\n");
  EXPECT_TRUE(octets(m, "3.HEADER").starts_with("Subject: message in part 3\r\n"));
  EXPECT_EQ(octets(m, "3.1"), "part 3.1");
  EXPECT_EQ(octets(m, "3.2"), "cGFydCAzLjI=");
  EXPECT_TRUE(octets(m, "4").starts_with("--b4\r\n"));
  EXPECT_EQ(octets(m, "4.1"), "R0lGODlh");
  EXPECT_EQ(octets(m, "4.1.MIME"), "Content-Type: image/gif\r\nContent-Transfer-Encoding: base64\r\n\r\n");
  EXPECT_EQ(octets(m, "4.2"), octets(m, "4.2.HEADER") + octets(m, "4.2.TEXT"));
  EXPECT_EQ(octets(m, "4.2.1"), "part 4.2.1");
  EXPECT_TRUE(octets(m, "4.2.2").starts_with("--b422\r\n"));
  EXPECT_EQ(octets(m, "4.2.2.1"), "part 4.2.2.1");
  EXPECT_EQ(octets(m, "4.2.2.2"), "part 4.2.2.2");
}

TEST(ImapSection, SaysNilToPartsThatAreNotThere) {
  const std::string m = test::standards_example();
  for (const char* text : {"5", "1.1", "2.HEADER", "1.TEXT", "3.3", "4.HEADER", "4.3", "4.2.2.3", "4.2.2.1.1",
                           "3.1.HEADER.FIELDS (SUBJECT)", "4294967295"}) {
    EXPECT_EQ(octets(m, text), "NIL") << text;
  }
}

TEST(ImapSection, CallsTheBodyOfASimpleMessageItsPartOne) {
  const std::string m = "Subject: x\r\n\r\nbody\r\n";
  EXPECT_EQ(octets(m, "1"), "body\r\n");
  EXPECT_EQ(octets(m, "1.MIME"), "Subject: x\r\n\r\n");
  EXPECT_EQ(octets(m, "TEXT"), "body\r\n");
  EXPECT_EQ(octets(m, "2"), "NIL");
  EXPECT_EQ(octets(m, "1.1"), "NIL");
  EXPECT_EQ(octets(m, "1.TEXT"), "NIL");
}

TEST(ImapSection, DescendsIntoAMessageThatIsAnotherMessage) {
  const std::string inner = "Subject: inner\r\n\r\ninner body\r\n";
  const std::string m = "Subject: outer\r\nContent-Type: message/rfc822\r\n\r\n" + inner;
  EXPECT_EQ(octets(m, "1"), inner);
  EXPECT_EQ(octets(m, "1.HEADER"), "Subject: inner\r\n\r\n");
  EXPECT_EQ(octets(m, "1.TEXT"), "inner body\r\n");
  EXPECT_EQ(octets(m, "1.1"), "inner body\r\n");
  EXPECT_EQ(octets(m, "HEADER"), "Subject: outer\r\nContent-Type: message/rfc822\r\n\r\n");
}

TEST(ImapSection, HasEmptySectionsInAnEmptyMessage) {
  for (const char* text : {"", "HEADER", "TEXT", "1", "1.MIME"}) EXPECT_EQ(octets("", text), "") << text;
}

TEST(ImapSection, ClipsToWhatIsThere) {
  using P = Partial;
  EXPECT_EQ(clip(10, std::nullopt), (Range{0, 10}));
  EXPECT_EQ(clip(10, P{0, 4}), (Range{0, 4}));
  EXPECT_EQ(clip(10, P{4, 4}), (Range{4, 8}));
  EXPECT_EQ(clip(10, P{8, 4}), (Range{8, 10}));
  EXPECT_EQ(clip(10, P{10, 4}), (Range{10, 10}));
  EXPECT_EQ(clip(10, P{11, 4}), (Range{10, 10}));
  EXPECT_EQ(clip(0, P{0, 1}), (Range{0, 0}));
  constexpr std::uint64_t kLargest = (std::uint64_t{1} << 63) - 1;
  EXPECT_EQ(clip(10, P{kLargest, kLargest}), (Range{10, 10}));
  EXPECT_EQ(clip(10, P{3, kLargest}), (Range{3, 10}));
}

constexpr std::string_view kHeader =
    "Received: from a\r\n by b\r\nSUBJECT : one\r\n two\r\nFrom: x\r\nno colon here\r\n cont\r\n"
    "subject: again\r\nTo:y\r\n\r\n";

TEST(ImapSection, KeepsNamedFieldsAsTheyAreWithTheEmptyLine) {
  for (std::size_t chunk : {1, 2, 3, 7, 1000}) {
    EXPECT_EQ(fields(kHeader, section("HEADER.FIELDS (To Subject)"), chunk),
              "SUBJECT : one\r\n two\r\nsubject: again\r\nTo:y\r\n\r\n");
    EXPECT_EQ(fields(kHeader, section("HEADER.FIELDS.NOT (To Subject Received)"), chunk),
              "From: x\r\nno colon here\r\n cont\r\n\r\n");
    EXPECT_EQ(fields(kHeader, section("HEADER.FIELDS (X)"), chunk), "\r\n");
  }
}

TEST(ImapSection, AddsNoEmptyLineWhereThereIsNone) {
  // RFC 9051 6.4.5.1: a message that has no body and no blank line.
  EXPECT_EQ(fields("To: a\r\nFrom: b\r\n", section("HEADER.FIELDS (To)"), 3), "To: a\r\n");
  EXPECT_EQ(fields("To: a\r\nFrom: b", section("HEADER.FIELDS (From)"), 3), "From: b");
  EXPECT_EQ(fields("To: a\nFrom: b\n\n", section("HEADER.FIELDS (To)"), 3), "To: a\n\n");
}

TEST(ImapSection, ChoosesFieldsAsTheHeaderReaderSeesThem) {
  std::uint32_t seed = 4;
  const auto random = [&seed](std::uint32_t n) { return (seed = seed * 1664525 + 1013904223) / 65536 % n; };
  constexpr std::string_view kPieces[] = {"A",  "a", "bb", "B",    ":",    " ",        "\t",
                                          "\r", "x", "\n", "\r\n", "\r\n", "A: v\r\n", "bB:\r\n"};
  for (int round = 0; round < 20'000; ++round) {
    std::string block;
    for (std::uint32_t n = random(25); n > 0; --n) block += kPieces[random(std::size(kPieces))];
    const bool except = random(2) == 0;
    const Section wanted = section(except ? "HEADER.FIELDS.NOT (a BB)" : "HEADER.FIELDS (a BB)");
    // The block as the structure has it: with the empty line, and nothing behind it.
    const mime::Structure structure = mime::scan(block);
    const std::string header = block.substr(0, structure.parts[0].body_begin);
    std::string expected;
    mime::HeaderReader reader(header);
    while (const auto field = reader.next()) {
      if ((ascii::iequals(field->name, "a") || ascii::iequals(field->name, "bb")) != except) expected += field->whole;
    }
    expected += header.substr(reader.offset());
    ASSERT_EQ(fields(header, wanted, 1 + random(6)), expected) << ::testing::PrintToString(header);
  }
}

}  // namespace
}  // namespace gatepost::imap::server
