#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatepost {

// A set of 32-bit numbers kept as sorted, disjoint, non-adjacent ranges: UIDs and sequence numbers, where a mailbox of
// a million messages is usually a handful of ranges. Not thread-safe; copies are cheap when ranges are few.
class NumberSet {
 public:
  struct Range {
    std::uint32_t first, last;  // inclusive
    bool operator==(const Range&) const = default;
  };

  NumberSet() = default;
  static NumberSet of(std::uint32_t first, std::uint32_t last);  // first <= last

  // O(1) at the end of the set, O(ranges) elsewhere.
  void add(std::uint32_t n) { add(n, n); }
  void add(std::uint32_t first, std::uint32_t last);
  void add(const NumberSet& other);
  void remove(std::uint32_t first, std::uint32_t last);
  void remove(std::uint32_t n) { remove(n, n); }
  void remove(const NumberSet& other);
  void clear();

  bool empty() const { return ranges_.empty(); }
  std::uint64_t size() const { return size_; }  // count of numbers, O(1)
  bool contains(std::uint32_t n) const;         // O(log ranges)
  std::optional<std::uint32_t> min() const;
  std::optional<std::uint32_t> max() const;
  // Linear in the ranges of both, or O(few * log(many)) where one has much fewer than the other.
  NumberSet intersect(const NumberSet& other) const;
  NumberSet minus(const NumberSet& other) const;

  // Rank and select, the map between sequence numbers and UIDs, O(log ranges) (an index is built when first asked
  // after a change; changes at the end keep it):
  // rank(n): 1-based position of n, or 0 when absent.   select(k): the k-th smallest (1-based), nullopt when k >
  // size().
  std::uint32_t rank(std::uint32_t n) const;
  std::optional<std::uint32_t> select(std::uint32_t k) const;
  // How many numbers are < n.
  std::uint32_t count_below(std::uint32_t n) const;

  const std::vector<Range>& ranges() const { return ranges_; }
  void for_each(const std::function<void(std::uint32_t)>& visit) const;
  // "1:3,5,7:9"; empty set gives "". IMAP's uid-set / sequence-set without '*'.
  std::string to_string() const;

  bool operator==(const NumberSet& other) const { return ranges_ == other.ranges_; }

 private:
  void complete_index() const;

  std::vector<Range> ranges_;
  std::uint64_t size_ = 0;
  mutable std::vector<std::uint32_t> before_;  // numbers below ranges_[i]; valid up to its size
};

}  // namespace gatepost
