#pragma once

#include <functional>
#include <vector>

#include "mailflow/reception.hpp"

namespace gatepost::mailflow {

// Every final destination of an envelope once, however many recipients lead to it.
std::vector<RecipientState> destinations_of(const Envelope&);

// Runs for each local destination that a message reached, on the same thread.
using OnDelivered = std::function<void(const QueueEntry&, const RecipientState&)>;

// Delivers to the local destinations at once and puts the others, and local ones that failed, into the queue. When the
// message has one destination, or all failed alike, the failure is the result instead, so that the client hears it and
// nothing is queued. What is due after `now` waits in the queue whole. Ok = durable. Runs on a worker thread and lends
// it to parallel deliveries.
Result<Accepted> deliver_or_queue(account::Accounts&, Queue&, runtime::Workers&, QueueEntry, TimePoint now,
                                  const OnDelivered& delivered);

// One local destination; idempotent by queue id and account.
Result<> deliver_local(account::Accounts&, const QueueEntry&, const RecipientState&, TimePoint received, bool retry);

}  // namespace gatepost::mailflow
