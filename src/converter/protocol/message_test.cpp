#include "converter/protocol/message.hpp"

#include <gtest/gtest.h>

namespace gatepost::converter {
namespace {

using Found = FrameReader::Found;

std::vector<std::string> frames_of(std::string_view octets, std::size_t cut, std::size_t most = kMaxAnswerFrame) {
  std::vector<std::string> out;
  FrameReader reader(most);
  for (std::size_t at = 0; at < octets.size(); at += cut) {
    reader.feed(octets.substr(at, cut));
    std::string_view frame;
    while (reader.next(frame) == Found::frame) out.emplace_back(frame);
  }
  return out;
}

TEST(ConverterMessage, SaysTheSameHoweverItIsCut) {
  const Greeting greeting{7, {{"application/pdf", ".pdf"}, {"", ".odt"}}};
  const Request request{"application/pdf", "Bericht.pdf"};
  const Answer answer{Outcome::text, true, "", "Straße"};
  const std::string all = write(greeting) + write(request) + write_data("octets") + write_data("") + write(answer);
  for (std::size_t cut = 1; cut <= all.size(); ++cut) {
    const auto frames = frames_of(all, cut);
    ASSERT_EQ(frames.size(), 5U) << cut;
    EXPECT_EQ(parse_greeting(frames[0]), greeting);
    EXPECT_EQ(parse_request(frames[1]), request);
    EXPECT_EQ(parse_data(frames[2]), "octets");
    EXPECT_EQ(parse_data(frames[3]), "");
    EXPECT_EQ(parse_answer(frames[4]), answer);
    EXPECT_EQ(parse_request(frames[0]), std::nullopt);
    EXPECT_EQ(parse_answer(frames[2]), std::nullopt);
  }
}

TEST(ConverterMessage, FramesThatAreTooLongOrEmptyEndTheConversation) {
  std::string_view frame;
  FrameReader small(10);
  small.feed(std::string("\0\0\0\x0b", 4));
  EXPECT_EQ(small.next(frame), Found::bad);
  FrameReader empty(10);
  empty.feed(std::string("\0\0\0\0", 4));
  EXPECT_EQ(empty.next(frame), Found::bad);
}

TEST(ConverterMessage, TextIsBoundedBetweenCharacters) {
  std::string text(kMaxTextOctets - 1, 'a');
  text += "äöü";
  const auto frames = frames_of(write(Answer{Outcome::text, false, "", text}), 100'000);
  ASSERT_EQ(frames.size(), 1U);
  const auto answer = parse_answer(frames[0]);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->cut);
  EXPECT_EQ(answer->text, std::string(kMaxTextOctets - 1, 'a'));
}

TEST(ConverterMessage, TextThatIsNoUtf8IsRefused) {
  const std::string octets = write(Answer{Outcome::text, false, "", "\xff"});
  EXPECT_EQ(parse_answer(std::string_view(octets).substr(4)), std::nullopt);
}

TEST(ConverterMessage, ALongNameKeepsItsEnd) {
  const std::string octets = write(Request{"a/b", std::string(1000, 'x') + ".pdf"});
  const auto request = parse_request(std::string_view(octets).substr(4));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->name.size(), kMaxNameOctets);
  EXPECT_TRUE(request->name.ends_with(".pdf"));
}

TEST(ConverterMessage, TheNameCountsWhereTheTypeSaysNothing) {
  const std::vector<Kind> kinds{{"application/pdf", ".pdf"}, {"application/msword", ".doc"}};
  EXPECT_EQ(match(kinds, "Application/PDF", "x"), 0U);
  EXPECT_EQ(match(kinds, "application/octet-stream", "a.DOC"), 1U);
  EXPECT_EQ(match(kinds, "", "a.pdf"), 0U);
  EXPECT_EQ(match(kinds, "image/png", "a.pdf"), std::nullopt);
  EXPECT_EQ(match(kinds, "application/zip", "a.zip"), std::nullopt);
  EXPECT_EQ(match(kinds, "application/octet-stream", ".pdf"), std::nullopt);
}

}  // namespace
}  // namespace gatepost::converter
