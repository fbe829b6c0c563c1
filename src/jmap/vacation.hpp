#pragma once

#include "jmap/standard.hpp"

// VacationResponse (RFC 8621 8): one object, "singleton", of the account's owner.
namespace gatepost::jmap {

Result<std::string> vacation_state(account::Account& account);
Answer vacation_get(Call& call);
Answer vacation_set(Call& call);

}  // namespace gatepost::jmap
