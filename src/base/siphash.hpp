#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace gatepost {

using SipKey = std::array<std::uint64_t, 2>;

// SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): who does not know the key, which is
// random and leaves the process never, cannot find texts of the same hash. Several times as fast as a digest.
std::uint64_t siphash(const SipKey& key, std::string_view bytes);

}  // namespace gatepost
