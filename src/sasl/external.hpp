#pragma once

#include <memory>

#include "sasl/mechanism.hpp"

namespace gatepost::sasl {

// EXTERNAL (RFC 4422 A): one message, the identity to act as, or empty for whoever the client is by its certificate.
std::unique_ptr<Exchange> make_external_exchange();

}  // namespace gatepost::sasl
