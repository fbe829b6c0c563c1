#include "transfer/stream.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/ascii.hpp"
#include "base/bytes.hpp"
#include "base/utf8.hpp"

namespace gatepost::transfer {
namespace {

constexpr int kPollMs = 500;  // how late a stop is noticed

std::unexpected<Error> damaged() { return fail(Errc::corrupt, "the stream of messages is damaged"); }

// It becomes the name of a file.
bool is_id(std::string_view id) {
  return id.size() <= kMaxIdOctets && !id.starts_with('.') &&
         std::ranges::all_of(id, [](char c) { return ascii::is_alnum(c) || c == '.'; });
}

// It becomes the name of an annotation.
bool is_origin(std::string_view origin) {
  return origin.size() <= kMaxIdOctets &&
         std::ranges::all_of(origin, [](char c) { return ascii::is_digit(c) || (c >= 'a' && c <= 'f'); });
}

// Waits until `fd` is ready.
Result<> wait_for(int fd, short events, const std::stop_token& stop) {
  for (;;) {
    if (stop.stop_requested()) return fail(Errc::closed, "stopped");
    pollfd p{fd, events, 0};
    const int ready = ::poll(&p, 1, kPollMs);
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return fail(Errc::closed, std::strerror(errno));
  }
}

}  // namespace

std::string encode_head(const Message& message) {
  std::string head;
  put_text(head, message.folder);
  put_text(head, message.id);
  put_u8(head, message.flags);
  put_varint(head, message.keywords.size());
  for (const std::string& keyword : message.keywords) put_text(head, keyword);
  put_u8(head, message.received ? 1 : 0);
  if (message.received) {
    const auto s = std::chrono::floor<std::chrono::seconds>(*message.received).time_since_epoch().count();
    put_u64(head, static_cast<std::uint64_t>(s));
  }
  put_text(head, message.origin);
  put_u32(head, message.uid_validity);
  put_u32(head, message.uid);
  put_text(head, message.pop3_id);
  return head;
}

Result<Message> decode_head(std::string_view head) {
  ByteReader in(head);
  Message message;
  message.folder = in.text();
  message.id = in.text();
  message.flags = in.u8();
  const std::uint64_t keywords = in.varint();
  if (keywords > kMaxKeywords) return damaged();
  for (std::uint64_t i = 0; i < keywords && in.ok(); ++i) {
    message.keywords.emplace_back(in.text());
    if (message.keywords.back().size() > kMaxKeywordOctets) return damaged();
  }
  const std::uint8_t dated = in.u8();
  if (dated == 1) {
    const auto seconds = static_cast<std::int64_t>(in.u64());
    if (seconds > kMaxSeconds || seconds < -kMaxSeconds) return damaged();
    message.received = TimePoint(std::chrono::seconds(seconds));
  }
  message.origin = in.text();
  message.uid_validity = in.u32();
  message.uid = in.u32();
  message.pop3_id = in.text();
  if (!in.ok() || !in.at_end() || dated > 1 || !is_origin(message.origin) || message.folder.empty() ||
      message.folder.size() > kMaxPathOctets || message.flags > 31 || !utf8::is_valid(message.folder) ||
      !is_id(message.id) || (!message.pop3_id.empty() && !account::is_pop3_id(message.pop3_id))) {
    return damaged();
  }
  return message;
}

Result<> StreamSource::fill() {
  GP_CHECK(wait_for(fd_, POLLIN, stop_));
  buffer_.resize(kPieceOctets);
  at_ = 0;
  ssize_t n = 0;
  do n = ::read(fd_, buffer_.data(), buffer_.size());
  while (n < 0 && errno == EINTR);
  buffer_.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  if (n <= 0) return fail(Errc::closed, "the other side ended before all messages were sent");
  return {};
}

Result<char> StreamSource::octet() {
  if (at_ == buffer_.size()) GP_CHECK(fill());
  return buffer_[at_++];
}

Result<std::uint64_t> StreamSource::varint(std::uint64_t most) {
  std::string octets;
  for (;;) {
    GP_TRY(const char c, octet());
    octets.push_back(c);
    if ((static_cast<std::uint8_t>(c) & 0x80) == 0) break;
    if (octets.size() >= 10) return damaged();
  }
  ByteReader in(octets);
  const std::uint64_t value = in.varint();
  if (!in.ok() || value > most) return damaged();
  return value;
}

Result<std::string> StreamSource::take(std::size_t octets) {
  std::string out;
  while (out.size() < octets) {
    if (at_ == buffer_.size()) GP_CHECK(fill());
    const std::size_t n = std::min(octets - out.size(), buffer_.size() - at_);
    out.append(buffer_, at_, n);
    at_ += n;
  }
  return out;
}

Result<std::optional<Message>> StreamSource::next() {
  std::vector<char> rest(in_message_ ? kPieceOctets : 0);
  while (in_message_) GP_CHECK(read(rest));
  GP_TRY(const char kind, octet());
  if (kind == 'E') return std::nullopt;
  if (kind != 'M') return damaged();
  GP_TRY(const std::uint64_t length, varint(kMaxHeadOctets));
  GP_TRY(const std::string head, take(length));
  GP_TRY(Message message, decode_head(head));
  in_message_ = true;
  piece_ = 0;
  return message;
}

Result<std::size_t> StreamSource::read(std::span<char> out) {
  if (!in_message_ || out.empty()) return 0;
  if (piece_ == 0) {
    GP_TRY(piece_, varint(kPieceOctets));
    if (piece_ == 0) {
      in_message_ = false;
      return 0;
    }
  }
  if (at_ == buffer_.size()) GP_CHECK(fill());
  const std::size_t n = std::min({out.size(), static_cast<std::size_t>(piece_), buffer_.size() - at_});
  std::memcpy(out.data(), buffer_.data() + at_, n);
  at_ += n;
  piece_ -= n;
  return n;
}

Result<> StreamSink::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    GP_CHECK(wait_for(fd_, POLLOUT, stop_));
    // No signal when the reader has gone; a pipe knows no such flag, and the daemon ignores the signal anyway.
    ssize_t n = ::send(fd_, rest.data(), std::min<std::size_t>(rest.size(), 4'096), MSG_NOSIGNAL);
    if (n < 0 && errno == ENOTSOCK) n = ::write(fd_, rest.data(), std::min<std::size_t>(rest.size(), 4'096));
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n <= 0) return fail(Errc::closed, "the other side takes no more messages");
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  buffer_.clear();
  return {};
}

Result<> StreamSink::begin(const Message& message) {
  const std::string head = encode_head(message);
  if (head.size() > kMaxHeadOctets) return fail(Errc::too_large, "a message with too many keywords");
  buffer_.push_back('M');
  put_varint(buffer_, head.size());
  buffer_.append(head);
  return {};
}

Result<> StreamSink::write(std::string_view octets) {
  while (!octets.empty()) {
    const std::string_view piece = octets.substr(0, kPieceOctets);
    put_varint(buffer_, piece.size());
    buffer_.append(piece);
    octets.remove_prefix(piece.size());
    if (buffer_.size() >= kPieceOctets) GP_CHECK(flush());
  }
  return {};
}

Result<> StreamSink::end() {
  put_varint(buffer_, 0);
  return buffer_.size() >= kPieceOctets ? flush() : Result<>{};
}

Result<> StreamSink::finish() {
  buffer_.push_back('E');
  return flush();
}

}  // namespace gatepost::transfer
