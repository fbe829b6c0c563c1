#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mailflow/queue.hpp"

namespace gatepost::mailflow {

enum class Notice { failed, delayed };

// A delivery status notification (RFC 3464, in a multipart/report of RFC 6522) about `recipients` of `entry`, addressed
// to its reverse path; a complete message with CRLF line ends. `header`: the original's header block, returned as
// text/rfc822-headers (it may be cut to a length fit for that).
std::string delivery_status_notice(Notice, const QueueEntry& entry, const std::vector<RecipientState>& recipients,
                                   std::string_view header, std::string_view hostname, std::string_view message_id,
                                   TimePoint now, TimePoint retry_until);

// "5.1.1" out of "550 5.1.1 no such user"; a class made from the reply code when there is none (RFC 3463).
std::string enhanced_status(std::string_view reply, Notice);

}  // namespace gatepost::mailflow
