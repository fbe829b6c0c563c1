#pragma once

#include "base/result.hpp"
#include "store/key_value.hpp"

namespace gatepost::store {

// The limits every engine holds to, so that a batch one engine takes is taken by all. Errc::too_large or Errc::invalid.
Result<> check_limits(Partition partition, const Batch& batch);

}  // namespace gatepost::store
