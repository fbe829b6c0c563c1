#pragma once

#include "base/dot_stuffing.hpp"

namespace gatepost::smtp {

// The client's side of DATA (RFC 5321 4.5.2); POP3 shares it.
using gatepost::DotStuffer;

}  // namespace gatepost::smtp
