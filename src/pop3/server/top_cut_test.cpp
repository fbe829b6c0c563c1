#include "pop3/server/top_cut.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gatepost::pop3::server {
namespace {

std::string cut(std::string_view message, std::uint32_t lines, std::size_t piece) {
  TopCut top(lines);
  std::string out;
  while (!message.empty() && !top.done()) {
    const std::string_view part = message.substr(0, piece);
    const std::size_t taken = top.take(part);
    out += part.substr(0, taken);
    message.remove_prefix(part.size());
  }
  return out;
}

TEST(Pop3TopCut, EndsAfterSoManyLinesOfTheBodyHoweverCut) {
  const std::string message = "A: b\r\n c\r\n\r\none\r\n\r\nthree\r\nfour\r\n";
  for (std::size_t piece = 1; piece <= message.size(); ++piece) {
    EXPECT_EQ(cut(message, 0, piece), "A: b\r\n c\r\n\r\n") << piece;
    EXPECT_EQ(cut(message, 2, piece), "A: b\r\n c\r\n\r\none\r\n\r\n") << piece;
    EXPECT_EQ(cut(message, 4, piece), message) << piece;
    EXPECT_EQ(cut(message, 5, piece), message) << piece;
  }
}

TEST(Pop3TopCut, TakesAllOfAMessageWithoutABody) {
  for (const std::size_t piece : {1U, 3U, 100U}) {
    EXPECT_EQ(cut("A: b\r\nC: d\r\n", 0, piece), "A: b\r\nC: d\r\n");
    EXPECT_EQ(cut("\r\nbody\r\nmore\r\n", 1, piece), "\r\nbody\r\n");
    EXPECT_EQ(cut("A: b\r\n\r\nno line end", 1, piece), "A: b\r\n\r\nno line end");
  }
}

}  // namespace
}  // namespace gatepost::pop3::server
