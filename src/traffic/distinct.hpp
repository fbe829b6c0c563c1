#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace gatepost::traffic {

// How many different numbers were added, about: a HyperLogLog of 1 KiB (Flajolet and others, 2007), exact but for rare
// collisions while there are few, 3 % off with many. Merging is not needed; adding one twice changes nothing.
class Distinct {
 public:
  void add(std::uint64_t who);
  std::uint64_t count() const;
  bool empty() const;

  std::string encode() const;  // docs/formats/traffic.md
  static Result<Distinct> decode(std::string_view value);

 private:
  static constexpr std::size_t kRegisters = 1024;
  static constexpr int kIndexBits = 10;
  std::array<std::uint8_t, kRegisters> registers_{};
};

}  // namespace gatepost::traffic
