#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "mailflow/reception.hpp"
#include "smtp/protocol/reply.hpp"

namespace gatepost::smtp::server {

// A reply of one line in constant words.
struct Words {
  int code;
  EnhancedCode enhanced;
  std::string_view text;
};
// "550 5.1.1 no such user": as other servers' replies stand in the log.
std::string for_log(const Words& words);

// The one table of what failures are in SMTP (RFC 5321 4.2.3, RFC 3463). 4xx: the client keeps the message and comes
// again.
Words reply_for(Errc code);                          // a message
Words reply_for_sender(Errc code);                   // MAIL FROM
Words reply_for_message(Errc code);                  // the end of DATA or BDAT, which knows the header
Words reply_for(mailflow::RecipientRefusal reason);  // RCPT TO
Words reply_for_sign_in(Errc code);                  // AUTH (RFC 4954 6)

}  // namespace gatepost::smtp::server
