#include "pop3/protocol/reply.hpp"

#include <gtest/gtest.h>

#include "base/utf8.hpp"

namespace gatepost::pop3 {
namespace {

TEST(Pop3Reply, WritesStatusLines) {
  std::string out;
  write_ok(out);
  write_ok(out, "2 320");
  write_err(out, "IN-USE", "locked");
  write_err(out, "", "no such message");
  write_challenge(out, "Username:");
  write_challenge(out, "");
  EXPECT_EQ(out, "+OK\r\n+OK 2 320\r\n-ERR [IN-USE] locked\r\n-ERR no such message\r\n+ VXNlcm5hbWU6\r\n+ \r\n");
}

TEST(Pop3Reply, LetsNoTextBreakTheFraming) {
  std::string out;
  write_err(out, "", "a\r\n+OK b\x01");
  EXPECT_EQ(out, "-ERR a  +OK b \r\n");
  for (std::size_t lead = 0; lead < 4; ++lead) {
    std::string text(lead, 'x');
    for (int i = 0; i < 400; ++i) text += "\xe2\x82\xac";
    out.clear();
    write_ok(out, text);
    EXPECT_LE(out.size(), kMaxReplyOctets);
    EXPECT_GT(out.size(), kMaxReplyOctets - 4);
    EXPECT_TRUE(utf8::is_valid(out));
  }
}

TEST(Pop3Reply, StuffsLinesAndMessages) {
  std::string out;
  write_ok(out);
  write_line(out, "1 .x");
  write_line(out, ".");
  write_end(out);
  EXPECT_EQ(out, "+OK\r\n1 .x\r\n..\r\n.\r\n");
  DotStuffer stuffer;
  out.clear();
  stuffer.append(out, "a\r\n.");
  stuffer.append(out, "b\r\n.");
  stuffer.finish(out);
  EXPECT_EQ(out, "a\r\n..b\r\n..\r\n.\r\n");
}

}  // namespace
}  // namespace gatepost::pop3
