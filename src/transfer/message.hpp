#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "account/types.hpp"
#include "base/result.hpp"

// Messages on their way between an account and files. What they come from is a Source, what they go to a Sink; an
// account is both, so is each kind of file, and so is a pipe between the two programs that have the one and the other.
namespace gatepost::transfer {

// Year 2255: TimePoint counts nanoseconds in 63 bits.
inline constexpr std::int64_t kMaxSeconds = 9'000'000'000;

inline constexpr std::size_t kMaxKeywords = 1'000;  // of one message
inline constexpr std::size_t kMaxKeywordOctets = 255;
inline constexpr std::size_t kMaxPathOctets = 16'384;  // of a folder
inline constexpr std::size_t kMaxIdOctets = 64;
inline constexpr std::size_t kPieceOctets = 64 << 10;  // read and written at once

struct Message {
  std::string folder;      // path in UTF-8, "Projects/2026"
  std::uint8_t flags = 0;  // account::flag
  std::vector<std::string> keywords;
  std::optional<TimePoint> received;  // whole seconds; none: nobody knows
  std::string id;                     // names it within its folder for ever, [A-Za-z0-9.]; empty: it has no name
  // From another IMAP server: what its folder is known by (hex digits), and the numbers it had there; empty, 0: not.
  std::string origin = {};
  std::uint32_t uid_validity = 0, uid = 0;
  std::string pop3_id = {};  // account::Pop3Id; empty: none of its own
  bool operator==(const Message&) const = default;
};

// One thread at a time. All calls may block.
class Source {
 public:
  virtual ~Source() = default;
  // The next message, none at the end; what was not read of the one before is passed over.
  virtual Result<std::optional<Message>> next() = 0;
  // Octets of that message, in order, with CRLF where lines end; 0: there are no more.
  virtual Result<std::size_t> read(std::span<char> out) = 0;
};

// One thread at a time. All calls may block. A message counts from end() on; one without is discarded.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual Result<> begin(const Message& message) = 0;
  virtual Result<> write(std::string_view octets) = 0;
  virtual Result<> end() = 0;
  virtual Result<> finish() = 0;  // no more messages follow; all is durable
};

// Everything from one to the other, in bounded memory. Value: messages. Stops at the first error.
Result<std::uint64_t> pump(Source& from, Sink& to);

// Flags and keywords as files write them.
struct Marks {
  std::uint8_t flags = 0;
  std::vector<std::string> keywords;
};

}  // namespace gatepost::transfer
