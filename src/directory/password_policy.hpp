#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"
#include "directory/directory.hpp"
#include "directory/principal.hpp"

namespace gatepost::directory {

// Whether `password`, prepared by SASLprep, may become that of `owner`. Errc::invalid says what is wrong with it, never
// what it is. Pure. NIST SP 800-63B 5.1.1.2: length and a list of known ones, no rules about kinds of characters.
Result<> check_new_password(const PasswordPolicy& policy, const Secret& password, const Principal& owner);

}  // namespace gatepost::directory
