#pragma once

#include <array>

#include "base/log.hpp"

namespace gatepost::smtp::client::event {

inline constexpr Event kTlsDowngraded{
    "relay.tls_failed", Level::notice, "A TLS handshake with another mail server failed; mail goes there without TLS.",
    "`host` offers STARTTLS but the handshake failed as `detail` says. TLS to mail exchangers is opportunistic, so the "
    "message was sent anyway.",
    "Nothing, or mailflow.tls = \"required\" when mail must never leave without TLS."};
inline constexpr Event kSignInFailed{"relay.sign_in_failed", Level::error, "The smart host did not accept our sign-in.",
                                     "`reply` is what it said. Mail waits in the queue and is tried again.",
                                     "Check the user name and the password file of [mailflow.smart_host]."};
inline constexpr Event kUnreadable{"relay.unreadable", Level::error, "A queued message could not be read.",
                                   "`detail` has the store's words. It stays in the queue and is tried again.",
                                   "Look at the disk; run `gatepost store check`."};

inline constexpr std::array kAll{kTlsDowngraded, kSignInFailed, kUnreadable};

}  // namespace gatepost::smtp::client::event
