#include "http/protocol/websocket.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/bytes.hpp"

namespace gatepost::http {
namespace {

using MessageKind = WebSocketReceiver::Kind;

// A client's frame, masked. `first`: FIN, RSV and opcode.
std::string websocket_frame(std::uint8_t first, std::string_view payload, std::string_view mask = "\x12\x34\x56\x78") {
  std::string out;
  put_u8(out, first);
  if (payload.size() < 126) {
    put_u8(out, static_cast<std::uint8_t>(0x80 | payload.size()));
  } else if (payload.size() < 65'536) {
    put_u8(out, 0xfe);
    put_u16(out, static_cast<std::uint16_t>(payload.size()));
  } else {
    put_u8(out, 0xff);
    put_u64(out, payload.size());
  }
  out += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ mask[i % 4]);
  return out;
}

struct Got {
  MessageKind kind;
  std::string content;
  std::uint16_t code;
  bool operator==(const Got&) const = default;
};

std::vector<Got> read(std::string_view octets, std::size_t piece = 1 << 20, std::size_t most = 100'000) {
  WebSocketReceiver receiver(most);
  std::vector<Got> out;
  std::string waiting;
  for (std::size_t at = 0; at < octets.size();) {
    waiting += octets.substr(at, piece);
    at += std::min(piece, octets.size() - at);
    for (;;) {
      auto item = receiver.next(waiting);
      waiting.erase(0, item.consumed);
      if (item.kind == MessageKind::need_more) break;
      out.push_back({item.kind, item.content, item.code});
    }
    EXPECT_TRUE(waiting.empty());
  }
  return out;
}

TEST(WebSocket, GivesTheSameMessagesHoweverCut) {
  const std::string octets =
      websocket_frame(0x81, "Hello") + websocket_frame(0x01, "a ") + websocket_frame(0x89, "are you there") +
      websocket_frame(0x00, "b ") + websocket_frame(0x80, "c") + websocket_frame(0x8a, "") +
      websocket_frame(0x82, std::string(300, '\xff')) + websocket_frame(0x81, std::string(70'000, 'x')) +
      websocket_frame(0x88, "\x03\xe8 bye") + websocket_frame(0x81, "late");
  const std::vector<Got> wanted{{MessageKind::text, "Hello", 0},
                                {MessageKind::ping, "are you there", 0},
                                {MessageKind::text, "a b c", 0},
                                {MessageKind::pong, "", 0},
                                {MessageKind::binary, std::string(300, '\xff'), 0},
                                {MessageKind::text, std::string(70'000, 'x'), 0},
                                {MessageKind::close, "", close_code::kNormal}};
  for (const std::size_t piece : {1, 2, 3, 7, 1'000, 1'000'000}) EXPECT_EQ(read(octets, piece), wanted) << piece;
}

TEST(WebSocket, EndsWhatIsNoWebSocket) {
  const auto code = [](const std::string& octets, std::size_t most = 100) {
    const auto got = read(octets, 3, most);
    EXPECT_EQ(got.size(), 1U);
    return got.empty() || got[0].kind != MessageKind::failed ? 0 : got[0].code;
  };
  EXPECT_EQ(code(std::string("\x81\x01x", 3)), close_code::kProtocolError);  // not masked
  EXPECT_EQ(code(websocket_frame(0xc1, "x")), close_code::kProtocolError);   // an extension's bit
  EXPECT_EQ(code(websocket_frame(0x83, "x")), close_code::kProtocolError);   // an opcode that is none
  EXPECT_EQ(code(websocket_frame(0x80, "x")), close_code::kProtocolError);   // goes on with nothing
  EXPECT_EQ(code(websocket_frame(0x01, "x") + websocket_frame(0x81, "y")),
            close_code::kProtocolError);                                    // begins in the middle
  EXPECT_EQ(code(websocket_frame(0x09, "x")), close_code::kProtocolError);  // a ping in pieces
  EXPECT_EQ(code(websocket_frame(0x89, std::string(126, 'x'))), close_code::kProtocolError);
  EXPECT_EQ(code(websocket_frame(0x88, "x")), close_code::kProtocolError);
  EXPECT_EQ(code(websocket_frame(0x88, "\x03\xed")), close_code::kProtocolError);  // 1005
  EXPECT_EQ(code(websocket_frame(0x88, "\x03\xe8\xff")), close_code::kInvalid);
  EXPECT_EQ(code(websocket_frame(0x81, "\xff")), close_code::kInvalid);
  EXPECT_EQ(code(websocket_frame(0x81, std::string(101, 'x'))), close_code::kTooLarge);
  EXPECT_EQ(code(websocket_frame(0x01, std::string(60, 'x')) + websocket_frame(0x80, std::string(41, 'x'))),
            close_code::kTooLarge);
  std::string endless = "\x81\xff";
  put_u64(endless, ~std::uint64_t{0});
  EXPECT_EQ(code(endless + "1234"), close_code::kTooLarge);
}

TEST(WebSocket, ClosesWithoutACode) {
  EXPECT_EQ(read(websocket_frame(0x88, "")), (std::vector<Got>{{MessageKind::close, "", close_code::kNone}}));
}

TEST(WebSocket, WritesFramesOfEveryLength) {
  const auto written = [](std::size_t octets) {
    std::string out;
    write(out, WebSocketFrame::text, std::string(octets, 'x'));
    return out.substr(0, out.size() - octets);
  };
  EXPECT_EQ(written(125), "\x81\x7d");
  EXPECT_EQ(written(126), std::string("\x81\x7e\x00\x7e", 4));
  EXPECT_EQ(written(65'536), std::string("\x81\x7f\0\0\0\0\0\x01\0\0", 10));
  std::string out;
  write_close(out, close_code::kTooLarge);
  EXPECT_EQ(out, "\x88\x02\x03\xf1");
}

TEST(WebSocket, AnswersTheKeyOfTheStandard) {
  EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(websocket_accept("c2hvcnQ="), "");
  EXPECT_EQ(websocket_accept("?"), "");
}

}  // namespace
}  // namespace gatepost::http
