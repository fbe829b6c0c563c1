#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "smtp/protocol/reply.hpp"

namespace gatepost::smtp {

// Tolerances towards clients' deviations, and which extensions there are. What is off gives a SyntaxError.
struct ParseOptions {
  bool space_after_colon = true;  // "MAIL FROM: <a@b>": so many clients that RFC 5321 4.1.1 warns of the space
  bool trailing_space = true;     // "RSET ": RFC 5321 4.1.1 asks to tolerate it
  bool any_hello_name = true;     // EHLO with underscores, a bare address, "localhost.": RFC 5321 4.1.4 forbids refusal
  bool underscore_in_domain = true;       // seen in names of Windows networks
  bool missing_brackets = false;          // "MAIL FROM:a@b"
  bool loose_dots_in_local_part = false;  // "a..b@" and "a.@": mobile providers in Japan gave such addresses
  bool dsn = true;                        // RET, ENVID, NOTIFY, ORCPT (RFC 3461); off: unknown parameters
  bool future_release = false;            // HOLDFOR, HOLDUNTIL (RFC 4865): of submission alone
};

// What is wrong with a command line.
enum class Fault : std::uint8_t {
  unknown_command,    // 500 5.5.1
  syntax,             // 501 5.5.2
  bad_sender,         // 501 5.1.7
  bad_recipient,      // 501 5.1.3
  bad_parameter,      // 501 5.5.4: a known parameter, wrong value or given twice
  unknown_parameter,  // 555 5.5.4 (RFC 5321 4.1.1.11)
};
inline constexpr Fault kLastFault = Fault::unknown_parameter;

struct SyntaxError {
  Fault fault = Fault::syntax;
  std::string detail;  // constant English of ours, no octets of the peer: may go into a reply
};

// The reply that says so.
Reply reply_for(const SyntaxError& error);

// What readers say of what the grammar does not have. `detail` is a literal.
inline std::unexpected<SyntaxError> bad(const char* detail) {
  return std::unexpected(SyntaxError{Fault::syntax, detail});
}

}  // namespace gatepost::smtp
