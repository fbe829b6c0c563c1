#include "base/sliding_count.hpp"

#include <algorithm>
#include <cmath>

namespace gatepost {
namespace {

// From 1, so that an unused count belongs to no window.
std::uint32_t number_at(double seconds, double window) { return static_cast<std::uint32_t>(seconds / window) + 1; }

}  // namespace

void SlidingCount::add(double seconds, double window) {
  const std::uint32_t now = number_at(seconds, window);
  if (number_ != now) {
    previous_ = number_ + 1 == now ? current_ : 0;
    current_ = 0;
    number_ = now;
  }
  if (current_ != UINT32_MAX) ++current_;
}

std::uint32_t SlidingCount::estimate(double seconds, double window) const {
  const std::uint32_t now = number_at(seconds, window);
  const double share = 1 - std::fmod(seconds, window) / window;
  double whole = 0;
  if (number_ == now) whole = current_ + previous_ * share;
  if (number_ + 1 == now) whole = current_ * share;
  return static_cast<std::uint32_t>(std::min(std::round(whole), static_cast<double>(UINT32_MAX)));
}

}  // namespace gatepost
