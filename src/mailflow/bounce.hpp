#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mailflow/queue.hpp"

namespace gatepost::mailflow {

// success: delivered here, passed on to a server that does not report, or expanded to several addresses, as each
// recipient says itself (RFC 3461 5.2).
enum class Notice { failed, delayed, success };

// Messages up to this size come back whole where the sender asked for that.
inline constexpr std::size_t kMaxReturnedOctets = 1 << 20;

// A delivery status notification (RFC 3464, in a multipart/report of RFC 6522) about `recipients` of `entry`, addressed
// to its reverse path; a complete message with CRLF line ends. `original`: the message's header block, returned as
// text/rfc822-headers (it may be cut to a length fit for that), or, when `whole`, all of it.
std::string delivery_status_notice(Notice, const QueueEntry& entry, const std::vector<RecipientState>& recipients,
                                   std::string_view original, bool whole, std::string_view hostname,
                                   std::string_view message_id, TimePoint now, TimePoint retry_until);
// Whether all of the message comes back: RFC 3461 4.3. What is too large, or binary, gives its header.
bool returns_whole(Notice, const QueueEntry& entry);

// "5.1.1" out of "550 5.1.1 no such user"; a class made from the reply code when there is none (RFC 3463).
std::string enhanced_status(std::string_view reply, Notice);

}  // namespace gatepost::mailflow
