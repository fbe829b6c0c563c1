#pragma once

#include <expected>

#include "base/result.hpp"

// What every reader says of octets that are not what they should be.
namespace gatepost::ldap {

inline std::unexpected<Error> broken(const char* what) { return fail(Errc::invalid, what); }

}  // namespace gatepost::ldap
