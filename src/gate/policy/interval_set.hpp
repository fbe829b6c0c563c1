#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace gatepost::gate {

// A set of numbers as sorted closed intervals that neither overlap nor touch. T is an unsigned type; `max` its largest
// value. Operations on two sets cost the sum of their intervals.
template <class T>
class IntervalSet {
 public:
  struct Interval {
    T lo, hi;
    bool operator==(const Interval&) const = default;
  };
  static constexpr T kMax = static_cast<T>(~T{0});

  IntervalSet() = default;
  IntervalSet(T lo, T hi) {
    if (lo <= hi) intervals_.push_back({lo, hi});
  }
  static IntervalSet all() { return IntervalSet(T{0}, kMax); }
  static IntervalSet of(T one) { return IntervalSet(one, one); }
  // From intervals in any order, overlapping or not; inverted ones are empty.
  static IntervalSet from(std::vector<Interval> intervals) {
    std::erase_if(intervals, [](const Interval& i) { return i.lo > i.hi; });
    std::ranges::sort(intervals, [](const Interval& a, const Interval& b) { return a.lo < b.lo; });
    IntervalSet out;
    for (const Interval& i : intervals) out.append(i);
    return out;
  }

  bool operator==(const IntervalSet&) const = default;
  bool empty() const { return intervals_.empty(); }
  bool is_all() const { return intervals_.size() == 1 && intervals_[0].lo == T{0} && intervals_[0].hi == kMax; }
  const std::vector<Interval>& intervals() const { return intervals_; }
  bool contains(T value) const {
    const auto after = std::ranges::upper_bound(intervals_, value, {}, &Interval::lo);
    return after != intervals_.begin() && std::prev(after)->hi >= value;
  }
  bool contains(const IntervalSet& other) const { return other.minus(*this).empty(); }

  IntervalSet operator&(const IntervalSet& other) const {
    IntervalSet out;
    for (std::size_t i = 0, j = 0; i < intervals_.size() && j < other.intervals_.size();) {
      const Interval &a = intervals_[i], &b = other.intervals_[j];
      const T lo = std::max(a.lo, b.lo), hi = std::min(a.hi, b.hi);
      if (lo <= hi) out.intervals_.push_back({lo, hi});
      a.hi < b.hi ? ++i : ++j;
    }
    return out;
  }
  IntervalSet operator|(const IntervalSet& other) const {
    IntervalSet out;
    std::size_t i = 0, j = 0;
    while (i < intervals_.size() || j < other.intervals_.size()) {
      const bool mine =
          j == other.intervals_.size() || (i < intervals_.size() && intervals_[i].lo <= other.intervals_[j].lo);
      out.append(mine ? intervals_[i++] : other.intervals_[j++]);
    }
    return out;
  }
  IntervalSet minus(const IntervalSet& other) const { return *this & other.complement(); }
  IntervalSet complement() const {
    IntervalSet out;
    T next{0};
    for (const Interval& i : intervals_) {
      if (i.lo > next) out.intervals_.push_back({next, static_cast<T>(i.lo - 1)});
      if (i.hi == kMax) return out;
      next = static_cast<T>(i.hi + 1);
    }
    out.intervals_.push_back({next, kMax});
    return out;
  }

 private:
  // `i` does not begin before the last interval does.
  void append(const Interval& i) {
    if (!intervals_.empty() && (intervals_.back().hi == kMax || i.lo <= intervals_.back().hi + 1)) {
      intervals_.back().hi = std::max(intervals_.back().hi, i.hi);
    } else {
      intervals_.push_back(i);
    }
  }
  std::vector<Interval> intervals_;
};

}  // namespace gatepost::gate
