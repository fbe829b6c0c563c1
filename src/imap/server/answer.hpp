#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "imap/protocol/response.hpp"

namespace gatepost::imap::server {

// How a command ends. The session writes news of the selected mailbox first and then the tagged line.
struct Answer {
  enum class Then : std::uint8_t {
    tagged,     // the tagged line, then the next command
    later,      // nothing yet: the command goes on (AUTHENTICATE, IDLE)
    start_tls,  // the tagged line, then the handshake
    deflate,    // the tagged line, then compression
    close,      // the tagged line, then the end
    gone,       // nothing: the peer is gone (drain failed)
  };
  Condition condition = Condition::ok;
  std::string code = {};       // resp-text-code, "" for none
  std::string_view text = {};  // constant words of ours; "" gives "<COMMAND> completed"
  Then then = Then::tagged;
  bool highest_modseq = false;  // with QRESYNC, the code is to be HIGHESTMODSEQ (RFC 7162 3.2.7, 3.2.8)
};

inline Answer ok(std::string_view text = {}) { return {.text = text}; }
inline Answer ok(std::string code, std::string_view text) { return {.code = std::move(code), .text = text}; }
inline Answer no(std::string_view code, std::string_view text) {
  return {.condition = Condition::no, .code = std::string(code), .text = text};
}
// Counts as a bad command; enough of them end the connection.
inline Answer bad(std::string_view text, std::string_view code = {}) {
  return {.condition = Condition::bad, .code = std::string(code), .text = text};
}
inline Answer peer_gone() { return {.then = Answer::Then::gone}; }

}  // namespace gatepost::imap::server
