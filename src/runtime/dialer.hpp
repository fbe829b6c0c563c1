#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "runtime/stream.hpp"
#include "runtime/task.hpp"

namespace gatepost::runtime {

// A TCP connection to `to`, leaving from `source` when given. The stream lives on the calling I/O thread.
// Errc::timed_out, else Errc::unavailable with the kernel's word ("Connection refused").
Task<Result<std::unique_ptr<Stream>>> dial(Endpoint to, std::chrono::steady_clock::duration timeout,
                                           std::optional<IpAddress> source = {});

}  // namespace gatepost::runtime
