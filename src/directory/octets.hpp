#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/clock.hpp"

// How records and hashes are made of values.
namespace gatepost::directory {

// Microseconds since 1970.
inline void put_time(std::string& out, TimePoint at) {
  put_u64(out, static_cast<std::uint64_t>(
                   std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count()));
}

// A view of octets that are kept as numbers.
template <class Octets>
std::string_view text_of(const Octets& octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

}  // namespace gatepost::directory
