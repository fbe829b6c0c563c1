#pragma once

#include <memory>

#include "account/account.hpp"

namespace gatepost::account {

// A writer into the store's bodies, whatever account will use the body.
Result<std::unique_ptr<BodyWriter>> new_stored_body(store::Store& store, std::uint64_t size_hint);

}  // namespace gatepost::account
