#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "mailflow/envelope.hpp"

namespace gatepost::mailflow {

// The Received field (RFC 5321 4.4), folded, ending in CRLF. Names the recipient only when there is exactly one, so
// that nobody learns of others (RFC 5321 7.6).
std::string received_field(const Source&, const Envelope&, std::string_view hostname, std::string_view queue_id,
                           TimePoint now);

// RFC 5321 4.4 and 4.5.1: what `with` names: SMTP, ESMTP, ESMTPS, ESMTPSA, UTF8SMTPSA, ... (RFC 3848, RFC 6531).
std::string with_protocol(const Source&);

}  // namespace gatepost::mailflow
