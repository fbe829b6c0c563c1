#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// WebSocket (RFC 6455) once it is open: messages out of frames. No extensions.
namespace gatepost::http {

// RFC 6455 7.4.1: why a connection ends.
namespace close_code {
inline constexpr std::uint16_t kNormal = 1000, kGoingAway = 1001, kProtocolError = 1002, kUnsupported = 1003,
                               kNone = 1005, kInvalid = 1007, kPolicy = 1008, kTooLarge = 1009, kInternal = 1011;
}

// Reads what a client sends: whatever the pieces, the same messages. Holds one message, and one control frame of at
// most 125 octets that may come between its frames.
class WebSocketReceiver {
 public:
  explicit WebSocketReceiver(std::size_t max_message_octets) : max_message_octets_(max_message_octets) {}

  enum class Kind : std::uint8_t {
    need_more,
    text,    // a whole message, valid UTF-8
    binary,  // a whole message
    ping,
    pong,
    close,   // the client ends it; nothing that follows is looked at
    failed,  // it has to be ended with `code`; nothing that follows is looked at
  };
  struct Item {
    Kind kind = Kind::need_more;
    std::string content;       // of messages, ping and pong
    std::uint16_t code = 0;    // of close (kNone: it gave none) and failed
    std::size_t consumed = 0;  // octets of `input`
  };
  Item next(std::string_view input);

 private:
  Item fail(std::uint16_t code);
  Item take_head();
  Item end_frame();
  Item end_control();

  const std::size_t max_message_octets_;
  std::string head_;  // of the frame, until it is whole
  bool in_payload_ = false, ended_ = false;
  std::uint8_t opcode_ = 0;
  bool final_ = false;
  std::uint64_t left_ = 0;  // of the payload
  std::uint8_t mask_[4] = {};
  std::size_t mask_at_ = 0;
  std::uint8_t message_opcode_ = 0;  // of the message whose frames come; 0: none
  std::string message_, control_;
};

enum class WebSocketFrame : std::uint8_t { text = 1, binary = 2, close = 8, ping = 9, pong = 10 };
// Appends a frame of a server: whole, not masked (RFC 6455 5.1).
void write(std::string& out, WebSocketFrame kind, std::string_view payload);
void write_close(std::string& out, std::uint16_t code);

// Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 4.2.2). "": that is no key.
std::string websocket_accept(std::string_view key);

}  // namespace gatepost::http
