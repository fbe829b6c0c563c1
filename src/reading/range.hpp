#pragma once

#include <cstdint>
#include <string_view>

namespace gatepost::reading {

// Octets [begin, end) of a message.
struct Range {
  std::uint64_t begin = 0, end = 0;
  std::uint64_t octets() const { return end - begin; }
  bool operator==(const Range&) const = default;
};

// Lets `range` of the octets that pass by through.
class Window {
 public:
  explicit Window(Range range) : range_(range) {}
  std::string_view pass(std::string_view octets);
  bool done() const { return at_ >= range_.end; }

 private:
  Range range_;
  std::uint64_t at_ = 0;
};

}  // namespace gatepost::reading
