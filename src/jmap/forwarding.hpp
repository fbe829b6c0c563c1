#pragma once

#include "jmap/context.hpp"

// Forwarding: where all mail of the user's own account goes (docs/jmap.md, "Forwarding").
namespace gatepost::jmap {

Answer forwarding_get(Call& call);
Answer forwarding_set(Call& call);

// What is told of it in the session, of an account.
json::object forwarding_account_capability(const Context& context);

}  // namespace gatepost::jmap
