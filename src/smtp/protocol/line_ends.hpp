#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gatepost::smtp {

// What becomes of a CR or LF alone in message data, which RFC 5321 2.3.8 forbids. Never passed on as it is: a next
// server that takes "LF . LF" for the end of data would read what follows as commands of ours (SMTP smuggling).
enum class BareLineEnds : std::uint8_t {
  refuse,     // the message is refused once it has been read to its end
  normalise,  // each becomes CRLF
};

// Applies the rule to a message that comes in pieces without dot transparency: BDAT chunks of a message that is not
// BINARYMIME (RFC 3030 3: those keep every octet). One checker for one message, over all its chunks.
//
//   while (!chunk.empty()) { auto piece = checker.next(chunk); sink(piece.text); chunk.remove_prefix(piece.consumed); }
//   sink(checker.finish());       // after the last chunk
class LineEndChecker {
 public:
  explicit LineEndChecker(BareLineEnds policy) : policy_(policy) {}
  // `text`: what to store next, a view into `input` or constant text, maybe empty. `consumed` may be 0 when text is not
  // empty. Under refuse, text stays empty once something was found.
  struct Piece {
    std::string_view text;
    std::size_t consumed;
  };
  Piece next(std::string_view input);
  std::string_view finish();
  // Something was found that the policy refuses or has changed.
  bool found() const { return found_; }

 private:
  std::string_view bare_end();

  BareLineEnds policy_;
  bool found_ = false;
  bool held_cr_ = false;
};

}  // namespace gatepost::smtp
