#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What the daemon and the process that turns attachments into text say to each other, over a stream socket. Every
// message is a frame: its length as u32, then so many octets, of which the first says what it is. Numbers are
// big-endian. Pure.
//
//   process: greeting                               once, when it is connected to
//   daemon:  request, data ..., data of no octets   one attachment
//   process: answer                                 and the next one may follow
namespace gatepost::converter {

inline constexpr std::size_t kMaxTypeOctets = 127, kMaxNameOctets = 255, kMaxReasonOctets = 255;
inline constexpr std::size_t kMaxKinds = 256;
inline constexpr std::size_t kMaxDataOctets = 64 << 10;  // of one frame
inline constexpr std::size_t kMaxTextOctets = 1 << 20;   // of an answer
// Of the frames that each side takes, without their length.
inline constexpr std::size_t kMaxRequestFrame = kMaxDataOctets + 1;
inline constexpr std::size_t kMaxAnswerFrame = kMaxTextOctets + 512;

// What can be converted: a media type, or a file name's end (".pdf") where the type says nothing. Lower case; one of
// the two may be empty.
struct Kind {
  std::string type, suffix;
  bool operator==(const Kind&) const = default;
};
// The place of the first that fits. By type; by the name's end alone when the type is one of application/* that is not
// listed, for programs often know no better than application/octet-stream.
std::optional<std::size_t> match(std::span<const Kind> kinds, std::string_view type, std::string_view name);

struct Greeting {
  std::uint32_t version = 0;  // another one: what could not be converted before may be now
  std::vector<Kind> kinds;
  bool operator==(const Greeting&) const = default;
};

struct Request {
  std::string type;  // media type
  std::string name;  // of the file, as the message says; may be empty
  bool operator==(const Request&) const = default;
};

enum class Outcome : std::uint8_t {
  text = 1,
  nothing,      // it has no text
  unsupported,  // not one of the kinds
  failed,       // damaged, encrypted, or its program failed
  too_large,
  timed_out,
};
inline constexpr Outcome kLastOutcome = Outcome::timed_out;
std::string_view to_string(Outcome outcome);

struct Answer {
  Outcome outcome = Outcome::nothing;
  bool cut = false;    // there was more text
  std::string reason;  // of what is no text: for the log
  std::string text;    // UTF-8; not empty with Outcome::text, else empty
  bool operator==(const Answer&) const = default;
};

// Frames, with their lengths. What is longer than the limits above is cut.
std::string write(const Greeting& greeting);
std::string write(const Request& request);
std::string write(const Answer& answer);
std::string write_data(std::string_view octets);  // at most kMaxDataOctets; empty: the end

// Of a frame without its length. nullopt: it is something else, or not what write() makes.
std::optional<Greeting> parse_greeting(std::string_view frame);
std::optional<Request> parse_request(std::string_view frame);
std::optional<Answer> parse_answer(std::string_view frame);
std::optional<std::string_view> parse_data(std::string_view frame);  // a view into the frame

// Finds the frames in octets that come in pieces.
class FrameReader {
 public:
  explicit FrameReader(std::size_t max_frame) : max_frame_(max_frame) {}
  void feed(std::string_view octets) { buffer_.append(octets); }
  enum class Found : std::uint8_t { need_more, frame, bad };
  // Found::frame: `frame` is a view until the next call of either function. Found::bad: empty or too long; there is no
  // way on.
  Found next(std::string_view& frame);

 private:
  std::size_t max_frame_;
  std::string buffer_;
  std::size_t at_ = 0;
};

}  // namespace gatepost::converter
