#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gatepost::search {

// A set of the numbers below `size`, one bit each.
class Bits {
 public:
  Bits() = default;
  explicit Bits(std::size_t size) : words_((size + 63) / 64), size_(size) {}
  std::size_t size() const { return size_; }
  void set(std::size_t n) { words_[n / 64] |= std::uint64_t{1} << (n % 64); }
  bool test(std::size_t n) const { return (words_[n / 64] >> (n % 64) & 1) != 0; }
  // Of the same size.
  Bits& operator|=(const Bits& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
    return *this;
  }
  Bits& operator&=(const Bits& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
    return *this;
  }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t size_ = 0;
};

}  // namespace gatepost::search
