#pragma once

#include "jmap/context.hpp"

// SieveScript (RFC 9661).
namespace gatepost::jmap {

Answer sieve_script_get(Call& call);
Answer sieve_script_set(Call& call);
Answer sieve_script_query(Call& call);
Answer sieve_script_validate(Call& call);

// RFC 9661 1.2.1: what is told of it in the session, as a whole and of an account.
json::object sieve_capability();
json::object sieve_account_capability();

}  // namespace gatepost::jmap
