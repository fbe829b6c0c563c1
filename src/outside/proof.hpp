#pragma once

#include <optional>
#include <string_view>

#include "outside/connection.hpp"

namespace gatepost::outside {

// What the answer to a bind means; nullopt: nothing about the password, the server could not or would not say.
// `code`: the LDAP result code (RFC 4511 4.1.9). `diagnostic`: the message beside it, in which Active Directory says
// why ("... data 533, ..."). `policy`: the error of a password policy control, where one came (0: expired, 1: locked,
// 2: must be changed).
std::optional<Proof> read_proof(int code, std::string_view diagnostic, std::optional<int> policy);

}  // namespace gatepost::outside
