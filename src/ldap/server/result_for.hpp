#pragma once

#include "base/result.hpp"
#include "ldap/protocol/message.hpp"

namespace gatepost::ldap::server {

// How a failure is told to an LDAP client.
Outcome outcome_for(Errc code);
// The same when signing in failed: most is about the credentials then.
Outcome outcome_for_sign_in(Errc code);

}  // namespace gatepost::ldap::server
