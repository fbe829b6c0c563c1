#pragma once

#include <memory>

#include "config/config.hpp"
#include "daemon/product.hpp"
#include "mailflow/delivery.hpp"
#include "runtime/resolver.hpp"
#include "runtime/workers.hpp"
#include "sasl/mechanism.hpp"

namespace gatepost::daemon {

// What sends mail to other servers uses; outlives it.
struct OutgoingParts {
  Product& product;
  sasl::Library& sasl;
  runtime::Resolver& resolver;
  runtime::Workers& workers;
  const Clock& clock;
  Log& log;
};

// Delivery to the smart host, or to the mail exchangers of each domain, as [mailflow] says. Reads the smart host's
// password file.
Result<std::unique_ptr<mailflow::RemoteDelivery>> make_remote_delivery(const config::Config&, OutgoingParts);

}  // namespace gatepost::daemon
