#pragma once

#include <cstdint>

namespace gatepost {

// A count over the last `window` seconds in twelve octets: this window's and, by the share that still lies within, the
// one's before. Assumes that the one before was filled evenly. Times are seconds of one monotonic clock. Not
// thread-safe.
class SlidingCount {
 public:
  void add(double seconds, double window);
  std::uint32_t estimate(double seconds, double window) const;

 private:
  std::uint32_t number_ = 0, current_ = 0, previous_ = 0;
};

}  // namespace gatepost
