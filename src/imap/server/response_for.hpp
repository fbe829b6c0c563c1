#pragma once

#include "base/result.hpp"
#include "imap/server/answer.hpp"

namespace gatepost::imap::server {

// The one table of what failures are in IMAP (RFC 9051 7.1, RFC 5530).
Answer response_for(Errc code);
// Of a mailbox that APPEND, COPY or MOVE name as target: not_found is [TRYCREATE].
Answer response_for_target(Errc code);
// LOGIN and AUTHENTICATE (RFC 9051 6.2.2, 6.2.3).
Answer response_for_sign_in(Errc code);

// A failure that is this server's, not the client's: worth an administrator's look.
bool is_ours(Errc code);

}  // namespace gatepost::imap::server
