#pragma once

#include "base/random.hpp"
#include "mailflow/forwarding.hpp"
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

// What an account does with its mail.
struct DeliveryRules {
  std::shared_ptr<const ActiveScript> script;  // null: none; immutable, shared with the cache it is from
  Forwarding forwarding;
};

// Delivers a message to one account as its active script and its forwarding say, and answers for it. Ok: durable.
// Blocks.
Result<Delivered> deliver_by_rules(const DeliveryServices& services, const DeliveryRules& rules,
                                   const QueueEntry& entry, const RecipientState& recipient, TimePoint received,
                                   bool retry, const ReceptionOptions& options);

}  // namespace gatepost::mailflow
