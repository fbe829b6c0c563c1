#pragma once

#include "base/random.hpp"
#include "mailflow/local_delivery.hpp"
#include "mailflow/scripts.hpp"

namespace gatepost::mailflow {

// What deliveries need beside the message; owned by the reception.
struct DeliveryServices {
  account::Accounts& accounts;
  directory::Directory& directory;
  Queue& queue;
  const Clock& clock;
  Random& random;
  Log& log;
  // A message of our own to somebody: as Reception::inject().
  std::function<Result<>(std::string_view reverse_path, std::string_view recipient, std::string_view message)> inject;
};

// Delivers a message to one account as its active script says, and answers for it. Ok: durable. Blocks.
Result<Delivered> deliver_by_script(const DeliveryServices& services, const ActiveScript& script,
                                    const QueueEntry& entry, const RecipientState& recipient, TimePoint received,
                                    bool retry, std::string_view hostname, std::uint32_t max_received);

}  // namespace gatepost::mailflow
