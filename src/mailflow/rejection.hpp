#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace gatepost::mailflow {

// The message disposition notification that tells a sender that a recipient's script rejects his message (RFC 5429
// 2.2.1, RFC 8098): a complete message with CRLF line ends. `recipient`: as the sender wrote it; `owner`: whose script
// it is; `reason`: UTF-8.
std::string rejection_notice(std::string_view header, std::string_view to, std::string_view owner,
                             std::string_view recipient, std::string_view reason, std::string_view hostname,
                             std::string_view message_id, TimePoint now);

// What a sending server is told, and stands in reports: "550 5.7.1 ..." on one line of ASCII (RFC 5429 2.1.1).
std::string rejection_reply(std::string_view reason);

}  // namespace gatepost::mailflow
