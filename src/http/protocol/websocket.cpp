#include "http/protocol/websocket.hpp"

#include <algorithm>
#include <utility>

#include "base/base64.hpp"
#include "base/bytes.hpp"
#include "base/sha1.hpp"
#include "base/utf8.hpp"

namespace gatepost::http {
namespace {

// RFC 6455 5.2.
constexpr std::uint8_t kFinal = 0x80, kReserved = 0x70, kOpcode = 0x0f, kMasked = 0x80, kLength = 0x7f;
constexpr std::uint8_t kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10;
constexpr std::uint8_t kLength16 = 126, kLength64 = 127;
constexpr std::size_t kMaxControl = 125;

std::uint8_t octet(char c) { return static_cast<std::uint8_t>(c); }
bool is_control(std::uint8_t opcode) { return (opcode & 8) != 0; }

// How long a head is, by its first two octets.
std::size_t head_octets(std::string_view head) {
  if (head.size() < 2) return 2;
  const std::uint8_t length = octet(head[1]) & kLength;
  const std::size_t extended = length == kLength16 ? 2 : length == kLength64 ? 8 : 0;
  return 2 + extended + ((octet(head[1]) & kMasked) != 0 ? 4 : 0);
}

// RFC 6455 7.4: what a peer may send.
bool is_close_code(std::uint16_t code) {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

}  // namespace

WebSocketReceiver::Item WebSocketReceiver::fail(std::uint16_t code) {
  ended_ = true;
  message_ = {};
  control_ = {};
  return {.kind = Kind::failed, .content = {}, .code = code, .consumed = 0};
}

WebSocketReceiver::Item WebSocketReceiver::next(std::string_view input) {
  const std::size_t given = input.size();
  const auto with = [&](Item item) {
    item.consumed = given - input.size();
    return item;
  };
  while (!ended_) {
    if (!in_payload_) {
      const std::size_t wanted = head_octets(head_);
      if (head_.size() < wanted) {
        const std::size_t taken = std::min(wanted - head_.size(), input.size());
        if (taken == 0) return with({});
        head_ += input.substr(0, taken);
        input.remove_prefix(taken);
        continue;
      }
      Item item = take_head();
      if (item.kind != Kind::need_more) return with(std::move(item));
    }
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
    std::string& into = is_control(opcode_) ? control_ : message_;
    const std::size_t at = into.size();
    into += input.substr(0, taken);
    for (std::size_t i = at; i < into.size(); ++i) {
      into[i] = static_cast<char>(octet(into[i]) ^ mask_[mask_at_++ % 4]);
    }
    input.remove_prefix(taken);
    left_ -= taken;
    if (left_ != 0) return with({});
    Item item = end_frame();
    if (item.kind != Kind::need_more) return with(std::move(item));
  }
  input = {};
  return with({});
}

WebSocketReceiver::Item WebSocketReceiver::take_head() {
  const std::uint8_t first = octet(head_[0]);
  ByteReader rest(std::string_view(head_).substr(2));
  std::uint64_t length = octet(head_[1]) & kLength;
  if (length == kLength16)
    length = rest.u16();
  else if (length == kLength64)
    length = rest.u64();
  const bool masked = (octet(head_[1]) & kMasked) != 0;
  opcode_ = first & kOpcode;
  final_ = (first & kFinal) != 0;
  const bool known = opcode_ <= kBinary || (opcode_ >= kClose && opcode_ <= kPong);
  // RFC 6455 5.1: a client masks all it sends; 5.2, 5.5.
  if (!masked || !known || (first & kReserved) != 0) return fail(close_code::kProtocolError);
  if (is_control(opcode_)) {
    if (!final_ || length > kMaxControl) return fail(close_code::kProtocolError);
    control_.clear();
  } else {
    // RFC 6455 5.4: a message begins with its kind and goes on without.
    if ((opcode_ == kContinuation) != (message_opcode_ != 0)) return fail(close_code::kProtocolError);
    if (length > max_message_octets_ - message_.size()) return fail(close_code::kTooLarge);
    if (opcode_ != kContinuation) message_opcode_ = opcode_;
  }
  const std::string_view mask = rest.take(sizeof mask_);
  std::ranges::transform(mask, mask_, octet);
  mask_at_ = 0;
  left_ = length;
  in_payload_ = true;
  head_.clear();
  return {};
}

WebSocketReceiver::Item WebSocketReceiver::end_frame() {
  in_payload_ = false;
  if (is_control(opcode_)) return end_control();
  if (!final_) return {};
  const bool text = std::exchange(message_opcode_, 0) == kText;
  if (text && !utf8::is_valid(message_)) return fail(close_code::kInvalid);  // RFC 6455 8.1
  return {.kind = text ? Kind::text : Kind::binary, .content = std::exchange(message_, {}), .code = 0, .consumed = 0};
}

WebSocketReceiver::Item WebSocketReceiver::end_control() {
  if (opcode_ != kClose) {
    return {.kind = opcode_ == kPing ? Kind::ping : Kind::pong,
            .content = std::exchange(control_, {}),
            .code = 0,
            .consumed = 0};
  }
  // RFC 6455 5.5.1.
  if (control_.empty()) {
    ended_ = true;
    return {.kind = Kind::close, .content = {}, .code = close_code::kNone, .consumed = 0};
  }
  if (control_.size() < 2) return fail(close_code::kProtocolError);
  const std::uint16_t code = ByteReader(control_).u16();
  if (!is_close_code(code)) return fail(close_code::kProtocolError);
  if (!utf8::is_valid(std::string_view(control_).substr(2))) return fail(close_code::kInvalid);
  ended_ = true;
  message_ = {};
  return {.kind = Kind::close, .content = {}, .code = code, .consumed = 0};
}

void write(std::string& out, WebSocketFrame kind, std::string_view payload) {
  put_u8(out, static_cast<std::uint8_t>(kFinal | static_cast<std::uint8_t>(kind)));
  if (payload.size() < kLength16) {
    put_u8(out, static_cast<std::uint8_t>(payload.size()));
  } else if (payload.size() <= 0xffff) {
    put_u8(out, kLength16);
    put_u16(out, static_cast<std::uint16_t>(payload.size()));
  } else {
    put_u8(out, kLength64);
    put_u64(out, payload.size());
  }
  out += payload;
}

void write_close(std::string& out, std::uint16_t code) {
  std::string payload;
  if (code != close_code::kNone) put_u16(payload, code);
  write(out, WebSocketFrame::close, payload);
}

std::string websocket_accept(std::string_view key) {
  constexpr std::size_t kKeyOctets = 16;
  const auto octets = base64::decode(key);
  if (!octets || octets->size() != kKeyOctets) return {};
  const Sha1Value hash = sha1(std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  return base64::encode({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

}  // namespace gatepost::http
