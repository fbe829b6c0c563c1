#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "directory/door_state.hpp"

namespace gatepost::directory {

// One SASL conversation: between the exchange and the directory. Used by Door alone. Errc of start_conversation() as
// sasl::Library::server().
Result<std::unique_ptr<SignIn>> start_conversation(std::shared_ptr<Door::State> state, Authenticator& authenticator,
                                                   Tokens* tokens, Tickets* tickets, sasl::Library& library,
                                                   std::string_view mechanism, const sasl::Offer& offer,
                                                   DoorContext context, std::function<void()> on_revoked);

}  // namespace gatepost::directory
