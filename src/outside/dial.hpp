#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace gatepost::outside {

// A connected, non-blocking TCP socket, the addresses of `host` tried in the resolver's order, each for `timeout`. The
// caller closes it. Blocks. Errc::unavailable, Errc::timed_out.
Result<int> dial(const std::string& host, std::uint16_t port, std::chrono::seconds timeout);

}  // namespace gatepost::outside
