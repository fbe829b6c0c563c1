#pragma once

#include <string>
#include <string_view>

#include "mailflow/queue.hpp"

namespace gatepost::mailflow {

// The stored form of a queue entry (docs/formats/queue.md), without its id, which is the key.
std::string encode(const QueueEntry&);
// Errc::corrupt when the octets are not such a record, Errc::unsupported when a newer server wrote them.
Result<QueueEntry> decode_queue_entry(QueueId, std::string_view record);

}  // namespace gatepost::mailflow
