#include "smtp/protocol/line_ends.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gatepost::smtp {
namespace {

struct Outcome {
  std::string text;
  bool found;
  bool operator==(const Outcome&) const = default;
};

Outcome check(BareLineEnds policy, std::string_view message, std::size_t piece_octets) {
  LineEndChecker checker(policy);
  std::string out;
  for (std::size_t at = 0; at < message.size(); at += piece_octets) {
    std::string_view chunk = message.substr(at, piece_octets);
    while (!chunk.empty()) {
      const auto piece = checker.next(chunk);
      out += piece.text;
      chunk.remove_prefix(piece.consumed);
    }
  }
  out += checker.finish();
  return {out, checker.found()};
}

TEST(LineEndChecker, PassesProperLinesHoweverTheyAreCut) {
  const std::string message = "a\r\n.\r\n..b\r\n\r\nc";
  for (std::size_t piece = 1; piece <= message.size(); ++piece) {
    EXPECT_EQ(check(BareLineEnds::refuse, message, piece), (Outcome{message, false}));
    EXPECT_EQ(check(BareLineEnds::normalise, message, piece), (Outcome{message, false}));
  }
}

TEST(LineEndChecker, MakesBareOnesCrlf) {
  const std::string message = "a\nb\rc\r\r\n\n.\n\r";
  for (std::size_t piece = 1; piece <= message.size(); ++piece) {
    EXPECT_EQ(check(BareLineEnds::normalise, message, piece), (Outcome{"a\r\nb\r\nc\r\n\r\n\r\n.\r\n\r\n", true}));
  }
}

TEST(LineEndChecker, PassesNothingMoreOnceItRefuses) {
  for (const std::string message : {"ab\ncd\r\n", "ab\rcd\r\n", "ab\r"}) {
    for (std::size_t piece = 1; piece <= message.size(); ++piece) {
      EXPECT_EQ(check(BareLineEnds::refuse, message, piece), (Outcome{"ab", true}));
    }
  }
}

}  // namespace
}  // namespace gatepost::smtp
