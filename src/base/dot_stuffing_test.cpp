#include "base/dot_stuffing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

namespace gatepost {
namespace {

std::string stuff(std::string_view text, std::size_t piece) {
  DotStuffer stuffer;
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += piece) stuffer.append(out, text.substr(at, piece));
  stuffer.finish(out);
  return out;
}

struct Row {
  std::string_view text, encoded;
};
constexpr Row kRows[] = {
    {"", ".\r\n"},
    {"a", "a\r\n.\r\n"},
    {"a\r\n", "a\r\n.\r\n"},
    {"a\r", "a\r\n.\r\n"},
    {"a\n", "a\r\n.\r\n"},
    {".", "..\r\n.\r\n"},
    {"..", "...\r\n.\r\n"},
    {".\r\n.\r\n", "..\r\n..\r\n.\r\n"},
    {"a\r\n.b", "a\r\n..b\r\n.\r\n"},
    {"a.b", "a.b\r\n.\r\n"},
    {"a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"},
    {"a\r.\rb", "a\r\n..\r\nb\r\n.\r\n"},
    {"a\r\r\n.\r\n", "a\r\n\r\n..\r\n.\r\n"},
    {"a\n\r.\n", "a\r\n\r\n..\r\n.\r\n"},
    {"\r\n", "\r\n.\r\n"},
    {"\r\r", "\r\n\r\n.\r\n"},
};

TEST(DotStuffer, EncodesTheSameHoweverTheTextIsCut) {
  for (const Row& row : kRows) {
    for (std::size_t piece = 1; piece <= row.text.size() + 1; ++piece) {
      EXPECT_EQ(stuff(row.text, piece), row.encoded) << testing::PrintToString(row.text) << " cut at " << piece;
    }
  }
}

TEST(DotStuffer, HasNoEndBeforeTheEndWhateverTheTextIs) {
  // Every text of up to 7 of the octets that matter.
  constexpr std::string_view kOctets = "\r\n.a";
  for (std::size_t length = 0; length <= 7; ++length) {
    for (std::size_t number = 0; number < (std::size_t{1} << (2 * length)); ++number) {
      std::string text;
      for (std::size_t i = 0; i < length; ++i) text += kOctets[(number >> (2 * i)) & 3];
      const std::string encoded = "\r\n" + stuff(text, 3);
      ASSERT_EQ(encoded.find("\r\n.\r\n"), encoded.size() - 5);
      for (std::size_t i = 0; i < encoded.size(); ++i) {
        if (encoded[i] == '\r') ASSERT_EQ(encoded[i + 1], '\n');
        if (encoded[i] == '\n') ASSERT_EQ(encoded[i - 1], '\r');
      }
    }
  }
}

TEST(DotStuffer, ServesOneTextAfterTheOther) {
  DotStuffer stuffer;
  std::string out;
  stuffer.append(out, "a\r");
  stuffer.finish(out);
  stuffer.append(out, ".b");
  stuffer.finish(out);
  EXPECT_EQ(out, "a\r\n.\r\n..b\r\n.\r\n");
}

TEST(ScanLines, FindsAnEndBeyondItsWindow) {
  const std::string filler(5000, 'x');
  EXPECT_EQ(scan_lines(filler + "\r\n.", true).at, 5002u);
  EXPECT_EQ(scan_lines(filler + "\r\n.", true).event, LineEvent::dot);
  for (std::size_t size = 1020; size < 1030; ++size) {
    const std::string text = std::string(size, 'x');
    EXPECT_EQ(scan_lines(text + "\r\ny", true).event, LineEvent::none) << size;
    EXPECT_EQ(scan_lines(text + "\ry", true).at, size);
    EXPECT_EQ(scan_lines(text + "\n", true).event, LineEvent::bare_lf);
    EXPECT_EQ(scan_lines(text + "\r", true).event, LineEvent::cr_at_end);
    EXPECT_EQ(scan_lines(text + ".", true).event, LineEvent::none);
  }
}

TEST(DotStuffer, TakesLinearTimeForTextOfCarriageReturns) {
  const std::string text(4 << 20, '\r');
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(stuff(text, text.size()).size(), 2 * text.size() + 3);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace gatepost
