#pragma once

#include <functional>
#include <vector>

#include "mailflow/reception.hpp"

namespace gatepost::mailflow {

// Every final destination of an envelope once, however many recipients lead to it.
std::vector<RecipientState> destinations_of(const Envelope&);

// Brings a message to one local destination; idempotent by queue id and account when `retry`. Ok: durable. May run on
// several threads at once.
using DeliverHere =
    std::function<Result<Delivered>(const QueueEntry&, const RecipientState&, TimePoint received, bool retry)>;

// Delivers to the local destinations at once and puts the others, and local ones that failed, into the queue. When the
// message has one destination, or all failed alike, the failure is the result instead, so that the client hears it and
// nothing is queued. What is due after `now` waits in the queue whole. A recipient that refuses goes there, too, to be
// reported; or, when it is the only one and `may_refuse`, the refusal is in the result and nothing else happens. Ok =
// durable. Runs on a worker thread and lends it to parallel deliveries.
Result<Accepted> deliver_or_queue(Queue&, runtime::Workers&, QueueEntry, TimePoint now, bool may_refuse,
                                  const DeliverHere& deliver_here);

// Into the inbox of one local destination; idempotent by queue id and account when `retry`.
Result<> deliver_local(account::Accounts&, const QueueEntry&, const RecipientState&, TimePoint received, bool retry);

}  // namespace gatepost::mailflow
