#pragma once

#include <memory>

#include "jmap/snooze.hpp"

namespace gatepost::store {
class KeyValue;
}

namespace gatepost::daemon {

// In the server's partition (docs/formats/keys.md). The store outlives it. Thread-safe.
std::unique_ptr<jmap::SnoozeBook> open_snooze_book(store::KeyValue& keys);

}  // namespace gatepost::daemon
