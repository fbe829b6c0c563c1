#pragma once

#include <memory>

#include "config/config.hpp"
#include "daemon/product.hpp"
#include "runtime/resolver.hpp"
#include "runtime/workers.hpp"
#include "sasl/mechanism.hpp"
#include "smtp/client/delivery.hpp"

namespace gatepost::daemon {

// What [mailflow] says about mail to other servers. Reads the smart host's password file.
Result<smtp::client::Settings> outgoing_settings(const config::Config& config);

}  // namespace gatepost::daemon
