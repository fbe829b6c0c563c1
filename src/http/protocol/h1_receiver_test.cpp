#include "http/protocol/h1_receiver.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gatepost::http {
namespace {

using ItemKind = H1Receiver::Kind;

struct Heard {
  std::vector<std::string> lines;  // "POST /a", content, "end", "refused 400"
  std::vector<RequestHead> heads;
  std::size_t left = 0;
  bool operator==(const Heard& other) const { return lines == other.lines && left == other.left; }
};

// Feeds `input` in pieces of `chunk` octets. Adjacent content is joined.
Heard hear(const std::string& input, std::size_t chunk = 1 << 20, H1Receiver::Limits limits = {}) {
  Heard out;
  H1Receiver receiver(limits);
  std::string waiting;
  bool content = false;
  for (std::size_t at = 0; at < input.size(); at += chunk) {
    waiting += input.substr(at, chunk);
    for (;;) {
      const auto item = receiver.next(waiting);
      EXPECT_LE(item.consumed, waiting.size());
      if (item.kind == ItemKind::content && content) {
        out.lines.back() += item.content;
      } else if (item.kind == ItemKind::content) {
        out.lines.emplace_back(item.content);
      } else if (item.kind == ItemKind::head) {
        out.heads.push_back(receiver.take_head());
        out.lines.push_back(out.heads.back().method + " " + out.heads.back().target);
      } else if (item.kind == ItemKind::end) {
        out.lines.emplace_back("end");
      } else if (item.kind == ItemKind::refused) {
        out.lines.push_back("refused " + std::to_string(receiver.status()));
        return out;
      }
      if (item.kind != ItemKind::need_more) content = item.kind == ItemKind::content;
      waiting.erase(0, item.consumed);
      if (item.kind == ItemKind::need_more) break;
    }
  }
  out.left = waiting.size();
  return out;
}

// The same at every small size.
std::vector<std::string> lines(const std::string& input, H1Receiver::Limits limits = {}) {
  const Heard whole = hear(input, 1 << 20, limits);
  for (std::size_t chunk = 1; chunk <= 8; ++chunk) EXPECT_TRUE(hear(input, chunk, limits) == whole) << chunk << input;
  return whole.lines;
}
using Lines = std::vector<std::string>;

TEST(HttpReceiver, TakesPipelinedRequestsWithAndWithoutContent) {
  EXPECT_EQ(lines("\r\nGET /a?b=1 HTTP/1.1\r\nHost: x\r\n\r\n"
                  "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET /c HTTP/1.1\r\nHost: x\r\n\r\n"),
            (Lines{"GET /a?b=1", "end", "POST /b", "hello", "end", "GET /c", "end"}));
}

TEST(HttpReceiver, TakesChunksWithExtensionsAndTrailers) {
  EXPECT_EQ(lines("POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX-T: y\r\n\r\nGET /c HTTP/1.1\r\nHost: x\r\n\r\n"),
            (Lines{"POST /b", "hello!", "end", "GET /c", "end"}));
  EXPECT_EQ(lines("POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            (Lines{"POST /b", "end"}));
}

TEST(HttpReceiver, RefusesWhatAProxyCouldReadOtherwise) {
  const auto refused = [](const std::string& fields) {
    const Lines all =
        lines("POST / HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n\r\n0\r\n\r\nGET /inner HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(all.size(), 1u) << fields;
    return all.front();
  };
  EXPECT_EQ(refused("Content-Length: 5\r\nTransfer-Encoding: chunked"), "refused 400");
  EXPECT_EQ(refused("Transfer-Encoding: chunked\r\nContent-Length: 5"), "refused 400");
  EXPECT_EQ(refused("Content-Length: 5\r\nContent-Length: 5"), "refused 400");
  EXPECT_EQ(refused("Content-Length: 5, 5"), "refused 400");
  EXPECT_EQ(refused("Content-Length: +5"), "refused 400");
  EXPECT_EQ(refused("Content-Length: 0x5"), "refused 400");
  EXPECT_EQ(refused("Content-Length: 99999999999999999999"), "refused 400");
  EXPECT_EQ(refused("Content-Length: "), "refused 400");
  EXPECT_EQ(refused("Content-Length : 5"), "refused 400");
  EXPECT_EQ(refused("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), "refused 400");
  EXPECT_EQ(refused("Transfer-Encoding: gzip, chunked"), "refused 501");
  EXPECT_EQ(refused("Transfer-Encoding: xchunked"), "refused 501");
  EXPECT_EQ(refused("Transfer-Encoding:\x0b"
                    "chunked"),
            "refused 400");
  EXPECT_EQ(refused("X: a\r\n folded"), "refused 400");
  EXPECT_EQ(refused("X: a\nY: b"), "refused 400");
  EXPECT_EQ(refused("X: a\rY: b"), "refused 400");
  EXPECT_EQ(refused("Host: y"), "refused 400");
  EXPECT_EQ(refused(std::string("X: a\0b", 6)), "refused 400");
  EXPECT_EQ(refused(": no name"), "refused 400");
  EXPECT_EQ(refused("Expect: magic"), "refused 417");
}

TEST(HttpReceiver, RefusesBrokenChunks) {
  const auto after = [](const std::string& content) {
    return lines("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + content).back();
  };
  EXPECT_EQ(after("5\nhello\r\n0\r\n\r\n"), "refused 400");
  EXPECT_EQ(after("5\r\nhelloX\r\n0\r\n\r\n"), "refused 400");
  EXPECT_EQ(after("-5\r\nhello\r\n0\r\n\r\n"), "refused 400");
  EXPECT_EQ(after("0x5\r\nhello\r\n0\r\n\r\n"), "refused 400");
  EXPECT_EQ(after("fffffffffffffffff\r\nhello\r\n0\r\n\r\n"), "refused 400");
  EXPECT_EQ(after("\r\nhello\r\n0\r\n\r\n"), "refused 400");
  // Whoever ends the line at the LF reads another size.
  EXPECT_EQ(after("5;a=\"\n\"\r\nhello\r\n0\r\n\r\n"), "refused 400");
  EXPECT_EQ(after("5\r\nhello\r\n0;a=\"\n\"\r\n\r\n"), "refused 400");
}

TEST(HttpReceiver, RefusesRequestLinesAndVersionsItDoesNotSpeak) {
  EXPECT_EQ(lines("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), Lines{"refused 505"});
  EXPECT_EQ(lines("GET /\r\nHost: x\r\n\r\n"), Lines{"refused 400"});
  EXPECT_EQ(lines("G(T / HTTP/1.1\r\nHost: x\r\n\r\n"), Lines{"refused 400"});
  EXPECT_EQ(lines("GET / HTTP/1.1\r\n\r\n"), Lines{"refused 400"});
  EXPECT_EQ(lines("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), Lines{"refused 400"});
  EXPECT_EQ(lines("EHLO there\r\n\r\n"), Lines{"refused 400"});
  EXPECT_EQ(lines("\x16\x03\x01\x02 tls to a plain port\r\n\r\n"), Lines{"refused 400"});
}

TEST(HttpReceiver, KeepsItsLimits) {
  const H1Receiver::Limits small{.head_octets = 200, .fields = 3};
  EXPECT_EQ(lines("GET /" + std::string(300, 'a'), small), Lines{"refused 414"});
  EXPECT_EQ(lines("GET / HTTP/1.1\r\nX: " + std::string(300, 'a'), small), Lines{"refused 431"});
  EXPECT_EQ(lines("GET / HTTP/1.1\r\nHost: x\r\na: b\r\nc: d\r\ne: f\r\n\r\n", small), Lines{"refused 431"});
  EXPECT_EQ(lines("\r\n\r\n\r\n\r\n\r\n\r\n\r\n"), Lines{"refused 400"});
  std::string extensions = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 10; ++i) extensions += "1;" + std::string(50, 'e') + "\r\nx\r\n";
  EXPECT_EQ(lines(extensions, small).back(), "refused 431");
}

TEST(HttpReceiver, KnowsHowAConnectionGoesOn) {
  EXPECT_TRUE(hear("GET / HTTP/1.1\r\nHost: x\r\n\r\n").heads[0].keep_alive);
  EXPECT_FALSE(hear("GET / HTTP/1.1\r\nHost: x\r\nConnection: foo, Close\r\n\r\n").heads[0].keep_alive);
  EXPECT_FALSE(hear("GET / HTTP/1.0\r\n\r\n").heads[0].keep_alive);
  EXPECT_TRUE(hear("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").heads[0].keep_alive);
  EXPECT_TRUE(
      hear("PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n").heads[0].expects_continue);
}

}  // namespace
}  // namespace gatepost::http
