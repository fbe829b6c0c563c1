#include "smtp/protocol/receiver.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/dot_stuffing.hpp"

namespace gatepost::smtp {
namespace {

using Kind = Receiver::Kind;

// What a session sees, body text joined.
struct Seen {
  std::vector<std::string> items;  // "line:...", "too_long", "bad", "end", "end!" (bare line ends)
  std::string body;
  bool operator==(const Seen&) const = default;
};

// What comes after a line: lets the test switch to DATA or BDAT as a session does.
using OnLine = std::function<void(Receiver&, std::string_view)>;

void record(Seen& seen, const Receiver::Item& item) {
  switch (item.kind) {
    case Kind::need_more:
      break;
    case Kind::line:
      seen.items.push_back("line:" + std::string(item.text));
      break;
    case Kind::too_long:
      seen.items.emplace_back("too_long");
      break;
    case Kind::bad_line_end:
      seen.items.emplace_back("bad");
      break;
    case Kind::body:
      seen.body += item.text;
      break;
    case Kind::body_end:
      seen.body += item.text;
      seen.items.emplace_back(item.bare_line_end ? "end!" : "end");
      break;
  }
}

Seen feed(Receiver receiver, std::string_view input, std::size_t piece, const OnLine& on_line = nullptr) {
  Seen seen;
  std::string buffer;
  for (std::size_t at = 0; at < input.size(); at += piece) {
    buffer += input.substr(at, piece);
    while (true) {
      const Receiver::Item item = receiver.next(buffer);
      record(seen, item);
      if (item.kind == Kind::line && on_line) on_line(receiver, item.text);
      if (item.kind == Kind::body) EXPECT_GT(item.consumed, 0u);
      EXPECT_LE(item.consumed, buffer.size());
      buffer.erase(0, item.consumed);
      if (item.kind == Kind::need_more) break;
    }
  }
  return seen;
}

// The same for every size of piece.
Seen feed_all(const Receiver& receiver, std::string_view input, const OnLine& on_line = nullptr) {
  const Seen whole = feed(receiver, input, input.size() + 1, on_line);
  for (std::size_t piece = 1; piece <= 16; ++piece) {
    const Seen cut = feed(receiver, input, piece, on_line);
    EXPECT_EQ(cut.items, whole.items) << testing::PrintToString(std::string(input.substr(0, 200))) << " cut at "
                                      << piece;
    EXPECT_EQ(cut.body, whole.body) << testing::PrintToString(std::string(input.substr(0, 200))) << " cut at " << piece;
  }
  return whole;
}

Receiver data(BareLineEnds policy) {
  Receiver receiver;
  receiver.expect_data(policy);
  return receiver;
}

using Items = std::vector<std::string>;

TEST(SmtpReceiver, GivesLinesWithoutTheirEnds) {
  const std::string nul("NO\0OP\r\n", 7);
  EXPECT_EQ(feed_all({}, "EHLO a\r\n\r\nQUIT\r\n").items, (Items{"line:EHLO a", "line:", "line:QUIT"}));
  EXPECT_EQ(feed_all({}, nul).items, (Items{"line:" + nul.substr(0, 5)}));
  EXPECT_EQ(feed_all({}, "EHLO").items, Items{});
}

TEST(SmtpReceiver, DropsALineWithBareLineEndsAsOneAndKeepsTheNext) {
  EXPECT_EQ(feed_all({}, "MAIL FROM:<a>\nRCPT TO:<b>\nDATA\r\nQUIT\r\n").items, (Items{"bad", "line:QUIT"}));
  EXPECT_EQ(feed_all({}, "NOOP\rRSET\r\nQUIT\r\n").items, (Items{"bad", "line:QUIT"}));
  EXPECT_EQ(feed_all({}, "NOOP\r\r\nQUIT\r\n").items, (Items{"bad", "line:QUIT"}));
  EXPECT_EQ(feed_all({}, "\n\r\nQUIT\r\n").items, (Items{"bad", "line:QUIT"}));
  EXPECT_EQ(feed_all({}, "\n\n\n\r\r\nQUIT\r\n").items, (Items{"bad", "line:QUIT"}));
}

TEST(SmtpReceiver, DropsAnOversizedLineAndKeepsTheNext) {
  for (std::size_t size : {kMaxCommandOctets - 2, kMaxCommandOctets - 1, kMaxCommandOctets, kMaxCommandOctets + 1,
                           5 * kMaxCommandOctets}) {
    const std::string line(size, 'x');
    const bool fits = size + 2 <= kMaxCommandOctets;
    EXPECT_EQ(feed_all({}, line + "\r\nQUIT\r\n").items, (Items{fits ? "line:" + line : "too_long", "line:QUIT"}))
        << size;
  }
  const std::string bad = "a\rb" + std::string(2 * kMaxCommandOctets, 'x');
  EXPECT_EQ(feed_all({}, bad + "\r\nQUIT\r\n").items, (Items{"bad", "line:QUIT"}));
}

TEST(SmtpReceiver, HoldsNothingOfALineThatNeverEnds) {
  Receiver receiver;
  const std::string text(kMaxCommandOctets, 'x');
  EXPECT_EQ(receiver.next(text).kind, Kind::too_long);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(receiver.next(text).consumed, text.size());
}

TEST(SmtpReceiver, TakesLongLinesForSaslOnly) {
  const std::string answer(kMaxSaslLineOctets - 2, 'A');
  Receiver receiver;
  receiver.expect_sasl_line();
  EXPECT_EQ(feed_all(receiver, answer + "\r\nQUIT\r\n").items, (Items{"line:" + answer, "line:QUIT"}));
  EXPECT_EQ(feed_all(receiver, answer + "A\r\nQUIT\r\n").items, (Items{"too_long", "line:QUIT"}));
  EXPECT_EQ(feed_all(receiver, "x\r\n" + answer + "\r\n").items, (Items{"line:x", "too_long"}));
  const std::string auth = "auth PLAIN " + answer.substr(11);
  EXPECT_EQ(feed_all({}, auth + "\r\nQUIT\r\n").items, (Items{"line:" + auth, "line:QUIT"}));
}

TEST(SmtpReceiver, EndsDataAtTheDotAloneAndRemovesDoubledDots) {
  struct Row {
    std::string_view input, body;
  };
  for (const Row& row :
       {Row{".\r\n", ""}, Row{"a\r\n.\r\n", "a\r\n"}, Row{"..\r\n.\r\n", ".\r\n"},
        Row{"a\r\n..b\r\n...\r\n.\r\n", "a\r\n.b\r\n..\r\n"}, Row{".a\r\n.\r\n", "a\r\n"}, Row{"a.\r\n.\r\n", "a.\r\n"},
        Row{"\r\n.\r\n", "\r\n"}, Row{"\r\n\r\n.\r\n", "\r\n\r\n"}, Row{"a..b\r\n.\r\n", "a..b\r\n"}}) {
    for (BareLineEnds policy : {BareLineEnds::refuse, BareLineEnds::normalise}) {
      const Seen seen = feed_all(data(policy), std::string(row.input) + "QUIT\r\n");
      EXPECT_EQ(seen.body, row.body) << testing::PrintToString(row.input);
      EXPECT_EQ(seen.items, (Items{"end", "line:QUIT"}));
    }
  }
}

// Each of these ended data at some server and not at another.
TEST(SmtpReceiver, NeverEndsDataAtAnythingButTheRealEnd) {
  for (std::string_view smuggled :
       {"\n.\n", "\n.\r\n", "\r.\r", "\r.\r\n", "\r\n.\n", "\r\n.\r", "\n.\r", "\r.\n", "\r\n.\r\r\n", "\r\n.\n\r\n",
        "\n\r.\r\n", "\r\r.\r\n", "\r\n.\r.\r\n", "\n\n.\r\n"}) {
    const std::string input = "a" + std::string(smuggled) + "MAIL FROM:<b>\r\n.\r\nQUIT\r\n";
    const Seen refused = feed_all(data(BareLineEnds::refuse), input);
    EXPECT_EQ(refused.items, (Items{"end!", "line:QUIT"})) << testing::PrintToString(smuggled);
    EXPECT_TRUE(refused.body == "a" || refused.body == "a\r\n") << testing::PrintToString(refused.body);
    const Seen changed = feed_all(data(BareLineEnds::normalise), input);
    EXPECT_EQ(changed.items, (Items{"end!", "line:QUIT"}));
    for (std::size_t i = 0; i < changed.body.size(); ++i) {
      if (changed.body[i] == '\r') EXPECT_EQ(changed.body[i + 1], '\n');
      if (changed.body[i] == '\n') EXPECT_EQ(changed.body[i - 1], '\r');
    }
  }
}

TEST(SmtpReceiver, NormalisesEachBareLineEnd) {
  EXPECT_EQ(feed_all(data(BareLineEnds::normalise), "a\nb\rc\r\r\nd\n\r\r\n.\r\n").body,
            "a\r\nb\r\nc\r\n\r\nd\r\n\r\n\r\n");
  EXPECT_EQ(feed_all(data(BareLineEnds::normalise), "a\n.b\n..c\r\n.\r\n").body, "a\r\n.b\r\n..c\r\n");
}

TEST(SmtpReceiver, KeepsEveryOctetOfDataOtherwise) {
  std::string text;
  for (int c = 0; c < 256; ++c) {
    if (c != '\r' && c != '\n') text += static_cast<char>(c);
  }
  text += "\r\n";
  EXPECT_EQ(feed_all(data(BareLineEnds::refuse), text + ".\r\n").body, text);
}

TEST(SmtpReceiver, GivesChunksByTheirCountWhateverIsInThem) {
  const OnLine on_line = [](Receiver& receiver, std::string_view line) {
    if (line.starts_with("BDAT ")) receiver.expect_bdat(static_cast<std::uint64_t>(line[5] - '0'));
  };
  const Seen seen = feed_all({}, "BDAT 5\r\na\n.\r\nBDAT 0\r\nNOOP\r\nBDAT 4\r\n\r\n.\rQUIT\r\n", on_line);
  EXPECT_EQ(seen.items,
            (Items{"line:BDAT 5", "end", "line:BDAT 0", "end", "line:NOOP", "line:BDAT 4", "end", "line:QUIT"}));
  EXPECT_EQ(seen.body, "a\n.\r\n\r\n.\r");
}

TEST(SmtpReceiver, EndsAChunkWithItsLastOctetAndAnEmptyOneAtOnce) {
  Receiver receiver;
  receiver.expect_bdat(3);
  EXPECT_EQ(receiver.next("ab").kind, Kind::body);
  const Receiver::Item item = receiver.next("cd");
  EXPECT_EQ(item.kind, Kind::body_end);
  EXPECT_EQ(item.text, "c");
  EXPECT_EQ(item.consumed, 1u);
  receiver.expect_bdat(0);
  EXPECT_EQ(receiver.next("").kind, Kind::body_end);
}

TEST(SmtpReceiver, HandsOutWholeBuffersOfOrdinaryText) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += std::string(static_cast<std::size_t>(i % 77), 'x') + "\r\n";
  Receiver receiver = data(BareLineEnds::refuse);
  const Receiver::Item item = receiver.next(text);
  EXPECT_EQ(item.text.data(), text.data());
  EXPECT_EQ(item.consumed, text.size());
}

TEST(SmtpReceiver, UndoesWhatTheStufferDoes) {
  std::string text;
  constexpr std::string_view kOctets = "\r\n..ab";
  std::uint32_t random = 1;
  for (int i = 0; i < 5000; ++i) {
    random = random * 1664525 + 1013904223;
    text += kOctets[(random >> 16) % kOctets.size()];
  }
  DotStuffer stuffer;
  std::string encoded;
  stuffer.append(encoded, text);
  stuffer.finish(encoded);
  const Seen seen = feed_all(data(BareLineEnds::refuse), encoded);
  EXPECT_EQ(seen.items, Items{"end"});
  LineEndChecker checker(BareLineEnds::normalise);
  std::string normalised;
  for (std::string_view rest = text; !rest.empty();) {
    const auto piece = checker.next(rest);
    normalised += piece.text;
    rest.remove_prefix(piece.consumed);
  }
  normalised += checker.finish();
  if (!normalised.ends_with("\r\n")) normalised += "\r\n";
  EXPECT_EQ(seen.body, normalised);
}

// Not a limit for slow machines, only against something that grows with the square.
TEST(SmtpReceiver, ReadsOrdinaryTextFastAndHostileTextInLinearTime) {
  const auto seconds = [](std::string_view text, int rounds) {
    Receiver receiver = data(BareLineEnds::normalise);
    std::size_t octets = 0;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < rounds; ++i) {
      std::string_view rest = text;
      while (!rest.empty()) {
        const Receiver::Item item = receiver.next(rest);
        if (item.consumed == 0) break;
        octets += item.text.size();
        rest.remove_prefix(item.consumed);
      }
    }
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    EXPECT_GT(octets, 0u);
    return spent.count();
  };
  std::string mail;
  while (mail.size() < (64 << 10)) mail += std::string(76, 'x') + "\r\n";
  const double spent = seconds(mail, 4096);
  RecordProperty("megabytes_per_second", static_cast<int>(4096.0 * static_cast<double>(mail.size()) / 1e6 / spent));
  EXPECT_LT(spent, 10);
  for (std::string_view pattern : {"\r", "\n", "\r\n", "\r\n..", "\n.", "\r\r\n", "x\r"}) {
    std::string hostile;
    while (hostile.size() < (128 << 10)) hostile += pattern;
    EXPECT_LT(seconds(hostile, 16), 5) << testing::PrintToString(pattern);
  }
}

}  // namespace
}  // namespace gatepost::smtp
