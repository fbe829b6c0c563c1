#pragma once

#include <array>

#include "base/log.hpp"

namespace gatepost::oauth::event {

inline constexpr Event kFetched{"oauth.fetched", Level::info, "What a provider of tokens publishes was read.",
                                "`keys` is how many keys tokens can be verified by.", "Nothing."};
inline constexpr Event kNotFetched{
    "oauth.not_fetched", Level::warning, "What a provider of tokens publishes could not be read.",
    "`detail` says why. Keys that were read before are used for a day more; without any nobody can sign in by its "
    "tokens.",
    "`gatepost config check`; see that this machine can reach the provider (`[gate] egress`, name servers, "
    "`ca_file`)."};
inline constexpr Event kNotAsked{"oauth.not_asked", Level::warning, "A provider did not say what a token is good for.",
                                 "`detail` says why. The sign-in failed for now.",
                                 "Status 401 or 403: look at client_id and client_secret_file. Otherwise see that this "
                                 "machine can reach the provider."};

inline constexpr std::array kAll{kFetched, kNotFetched, kNotAsked};

}  // namespace gatepost::oauth::event
