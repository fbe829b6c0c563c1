#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

// What POP3 called messages on the server that they come from (RFC 1939 7), so that programs which leave mail on the
// server do not fetch all of it again.
namespace gatepost::transfer {

// Where those names come from, besides dovecot-uidlist, which is believed always.
struct Pop3Names {
  std::string pattern;  // Dovecot's pop3_uidl_format, for messages with a number; empty: none
  bool x_uidl = false;  // the X-UIDL field. Anybody may have written it: only for mail of a server that wrote its own
};

// "%08Xu%08Xv": %u the UID, %v the UIDVALIDITY, %f the file's name without flags; a width, zeros in front and X for
// hexadecimal in small letters may stand between. Errc::invalid: of another form.
Result<> check_pop3_pattern(std::string_view pattern);

struct Numbered {
  std::uint32_t uid = 0, uid_validity = 0;
  std::string_view file;
};
// Empty: no name comes of it, because something is not known or it would be too long.
std::string pop3_name(std::string_view pattern, const Numbered& message);

// The value of the first X-UIDL field; empty: there is none that could be a name. `header`: lines with CRLF or LF, the
// rest of the message may follow.
std::string x_uidl_of(std::string_view header);

}  // namespace gatepost::transfer
