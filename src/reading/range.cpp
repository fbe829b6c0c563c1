#include "reading/range.hpp"

#include <algorithm>

namespace gatepost::reading {

std::string_view Window::pass(std::string_view octets) {
  const std::uint64_t begin = at_, end = at_ + octets.size();
  at_ = end;
  if (range_.begin >= end || range_.end <= begin) return {};
  const std::uint64_t from = std::max(range_.begin, begin), to = std::min(range_.end, end);
  return octets.substr(from - begin, to - from);
}

}  // namespace gatepost::reading
