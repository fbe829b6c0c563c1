#pragma once

#include <expected>

#include "admin/command.hpp"

namespace gatepost::admin {

// The principal that the option "address" names, or the reply that says why not. By its own address alone: "account
// delete sales@" must not delete whomever sales@ leads to.
std::expected<directory::Principal, Reply> named_account(Services& services, const Request& request);

}  // namespace gatepost::admin
