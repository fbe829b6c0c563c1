#pragma once

#include <stop_token>
#include <string>

#include "transfer/message.hpp"

// Messages over a pipe or a socket, from one process of this program to another. A message is "M", a head (length as a
// varint, then folder, flags, keywords, date), then pieces (length as a varint, octets), then an empty piece; "E" ends
// the stream. Both sides are of one build; what is read is checked all the same.
namespace gatepost::transfer {

inline constexpr std::size_t kMaxHeadOctets = 512 << 10;

std::string encode_head(const Message& message);
Result<Message> decode_head(std::string_view head);  // Errc::corrupt

// Reads from `fd`, which is borrowed. Errc::closed when it ends before the stream does, or when told to stop.
class StreamSource final : public Source {
 public:
  StreamSource(int fd, std::stop_token stop) : fd_(fd), stop_(std::move(stop)) {}
  Result<std::optional<Message>> next() override;
  Result<std::size_t> read(std::span<char> out) override;

 private:
  Result<> fill();
  Result<char> octet();
  Result<std::uint64_t> varint(std::uint64_t most);
  Result<std::string> take(std::size_t octets);

  const int fd_;
  const std::stop_token stop_;
  std::string buffer_;
  std::size_t at_ = 0;       // in buffer_
  std::uint64_t piece_ = 0;  // octets left of it
  bool in_message_ = false;
};

// Writes to `fd`, which is borrowed. Errc::closed when nobody reads there any more, or when told to stop.
class StreamSink final : public Sink {
 public:
  StreamSink(int fd, std::stop_token stop) : fd_(fd), stop_(std::move(stop)) {}
  Result<> begin(const Message& message) override;
  Result<> write(std::string_view octets) override;
  Result<> end() override;
  Result<> finish() override;

 private:
  Result<> flush();
  const int fd_;
  const std::stop_token stop_;
  std::string buffer_;
};

}  // namespace gatepost::transfer
