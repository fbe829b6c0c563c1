#pragma once

#include <expected>
#include <memory>

#include "admin/command.hpp"

namespace gatepost::admin {

// The principal that the option "address" names, or the reply that says why not. By its own address alone: "account
// delete sales@" must not delete whomever sales@ leads to.
std::expected<directory::Principal, Reply> named_account(Services& services, const Request& request);

// The same, opened.
std::expected<std::shared_ptr<account::Account>, Reply> opened_account(Services& services, const Request& request);

// Ends what the account has open anywhere: it has to sign in again.
void end_sessions(Services& services, const directory::Principal& principal);

}  // namespace gatepost::admin
