#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "jmap/push.hpp"
#include "push/sender.hpp"

namespace gatepost::store {
class KeyValue;
}

namespace gatepost::daemon {

struct PushParts {
  store::KeyValue& keys;
  std::string contact;  // whom push services may ask (RFC 8292 2.1): a URI
  push::SenderOptions sender;
  const Clock& clock;
  Random& random;
  Log& log;
};

// Sends to push services with the server's own key, which is made when it is first needed and kept. Thread-safe.
Result<std::unique_ptr<jmap::PushGateway>> open_push_gateway(PushParts parts);

}  // namespace gatepost::daemon
