#include "pop3/protocol/receiver.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gatepost::pop3 {
namespace {

using Kind = Receiver::Kind;
using Items = std::vector<std::string>;

Items feed(Receiver receiver, std::string_view input, std::size_t piece) {
  Items seen;
  std::string buffer;
  for (std::size_t at = 0; at < input.size(); at += piece) {
    buffer += input.substr(at, piece);
    while (true) {
      const Receiver::Item item = receiver.next(buffer);
      if (item.kind == Kind::line) seen.push_back("line:" + std::string(item.text));
      if (item.kind == Kind::too_long) seen.emplace_back("too_long");
      buffer.erase(0, item.consumed);
      if (item.kind == Kind::need_more) break;
    }
  }
  return seen;
}

Items feed_all(const Receiver& receiver, std::string_view input) {
  const Items whole = feed(receiver, input, input.size() + 1);
  for (std::size_t piece = 1; piece <= 16; ++piece)
    EXPECT_EQ(feed(receiver, input, piece), whole) << "cut at " << piece;
  return whole;
}

TEST(Pop3Receiver, GivesLinesWithoutTheirEnds) {
  EXPECT_EQ(feed_all({}, "USER a\r\n\r\nQUIT\nSTA"), (Items{"line:USER a", "line:", "line:QUIT"}));
  EXPECT_EQ(feed_all({}, "PASS a\rb\r\r\n"), (Items{"line:PASS a\rb\r"}));
}

TEST(Pop3Receiver, DropsAnOversizedLineAndKeepsTheNext) {
  for (std::size_t size : {kMaxCommandOctets - 2, kMaxCommandOctets - 1, kMaxCommandOctets, 5 * kMaxCommandOctets}) {
    const std::string line(size, 'x');
    const bool fits = size + 2 <= kMaxCommandOctets;
    EXPECT_EQ(feed_all({}, line + "\r\nQUIT\r\n"), (Items{fits ? "line:" + line : "too_long", "line:QUIT"})) << size;
  }
}

TEST(Pop3Receiver, TakesLongLinesForSaslOnly) {
  const std::string answer(kMaxSaslLineOctets - 2, 'A');
  Receiver receiver;
  receiver.expect_sasl_line();
  EXPECT_EQ(feed_all(receiver, answer + "\r\n" + answer + "\r\n"), (Items{"line:" + answer, "too_long"}));
  const std::string auth = "AUTH PLAIN " + answer.substr(11);
  EXPECT_EQ(feed_all({}, auth + "\r\n"), (Items{"line:" + auth}));
}

}  // namespace
}  // namespace gatepost::pop3
