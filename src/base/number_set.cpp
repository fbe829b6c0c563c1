#include "base/number_set.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>

#include "base/result.hpp"

namespace gatepost {
namespace {

using Range = NumberSet::Range;

constexpr std::size_t kFewAmong = 16;

std::uint64_t count(const Range& r) { return std::uint64_t{r.last} - r.first + 1; }

// True when `n` lies beyond the range's end with a gap between: "r ends before n - 1".
bool ends_before_gap(const Range& r, std::uint32_t n) { return std::uint64_t{r.last} + 1 < n; }

// Puts `r` behind sorted disjoint ranges; r.first is not below the last range's first.
void append(std::vector<Range>& ranges, const Range& r) {
  if (!ranges.empty() && !ends_before_gap(ranges.back(), r.first)) {
    ranges.back().last = std::max(ranges.back().last, r.last);
  } else {
    ranges.push_back(r);
  }
}

std::uint64_t count(const std::vector<Range>& ranges) {
  std::uint64_t n = 0;
  for (const Range& r : ranges) n += count(r);
  return n;
}

std::vector<Range> union_of(const std::vector<Range>& a, const std::vector<Range>& b) {
  std::vector<Range> out;
  out.reserve(a.size() + b.size());
  auto i = a.begin();
  auto j = b.begin();
  while (i != a.end() || j != b.end()) {
    const bool take_a = j == b.end() || (i != a.end() && i->first <= j->first);
    append(out, take_a ? *i++ : *j++);
  }
  return out;
}

std::vector<Range> difference(const std::vector<Range>& a, const std::vector<Range>& b) {
  std::vector<Range> out;
  out.reserve(a.size());
  auto j = b.begin();
  for (Range r : a) {
    while (j != b.end() && j->last < r.first) ++j;
    bool rest = true;
    for (auto k = j; k != b.end() && k->first <= r.last; ++k) {
      if (k->first > r.first) out.push_back({r.first, k->first - 1});
      if (k->last >= r.last) {
        rest = false;
        break;
      }
      r.first = k->last + 1;
      j = k;
    }
    if (rest) out.push_back(r);
  }
  return out;
}

}  // namespace

NumberSet NumberSet::of(std::uint32_t first, std::uint32_t last) {
  NumberSet set;
  set.add(first, last);
  return set;
}

void NumberSet::add(std::uint32_t first, std::uint32_t last) {
  GP_ASSERT(first <= last);
  if (ranges_.empty() || ends_before_gap(ranges_.back(), first)) {
    ranges_.push_back({first, last});
    size_ += std::uint64_t{last} - first + 1;
    return;
  }
  if (first >= ranges_.back().first) {
    Range& tail = ranges_.back();
    if (last > tail.last) {
      size_ += last - tail.last;
      tail.last = last;
    }
    return;
  }
  // All ranges that touch or overlap first..last become one.
  auto from = std::lower_bound(ranges_.begin(), ranges_.end(), first, ends_before_gap);
  Range merged{first, last};
  auto to = from;
  std::uint64_t swallowed = 0;
  while (to != ranges_.end() && std::uint64_t{to->first} <= std::uint64_t{last} + 1) {
    merged.first = std::min(merged.first, to->first);
    merged.last = std::max(merged.last, to->last);
    swallowed += count(*to);
    ++to;
  }
  const auto at = static_cast<std::size_t>(from - ranges_.begin());
  if (from == to) {
    ranges_.insert(from, merged);
  } else {
    *from = merged;
    ranges_.erase(std::next(from), to);
  }
  size_ += count(merged) - swallowed;
  if (before_.size() > at + 1) before_.resize(at + 1);
}

void NumberSet::add(const NumberSet& other) {
  if (other.empty()) return;
  if (empty()) {
    *this = other;
    return;
  }
  if (other.ranges_.size() == 1 || ranges_.back().last < other.ranges_.front().first) {
    const std::size_t n = other.ranges_.size();  // by index and by value: `other` may be *this
    for (std::size_t i = 0; i < n; ++i) add(other.ranges_[i].first, other.ranges_[i].last);
    return;
  }
  ranges_ = union_of(ranges_, other.ranges_);
  size_ = count(ranges_);
  before_.clear();
}

void NumberSet::remove(std::uint32_t first, std::uint32_t last) {
  GP_ASSERT(first <= last);
  if (ranges_.empty() || ranges_.back().last < first) return;
  auto from = std::lower_bound(ranges_.begin(), ranges_.end(), first,
                               [](const Range& r, std::uint32_t n) { return r.last < n; });
  if (from == ranges_.end() || from->first > last) return;
  const auto at = static_cast<std::size_t>(from - ranges_.begin());
  if (from->first < first && from->last > last) {  // a hole inside one range
    const Range right{last + 1, from->last};
    from->last = first - 1;
    ranges_.insert(std::next(from), right);
    size_ -= std::uint64_t{last} - first + 1;
  } else {
    if (from->first < first) {
      size_ -= std::uint64_t{from->last} - first + 1;
      from->last = first - 1;
      ++from;
    }
    auto to = from;
    while (to != ranges_.end() && to->last <= last) size_ -= count(*to++);
    if (to != ranges_.end() && to->first <= last) {
      size_ -= std::uint64_t{last} - to->first + 1;
      to->first = last + 1;
    }
    ranges_.erase(from, to);
  }
  if (before_.size() > at + 1) before_.resize(at + 1);
  if (before_.size() > ranges_.size()) before_.resize(ranges_.size());
}

void NumberSet::remove(const NumberSet& other) {
  if (empty() || other.empty()) return;
  if (other.ranges_.size() == 1) {
    const Range r = other.ranges_.front();
    remove(r.first, r.last);
    return;
  }
  *this = minus(other);
}

void NumberSet::clear() {
  ranges_.clear();
  before_.clear();
  size_ = 0;
}

bool NumberSet::contains(std::uint32_t n) const {
  auto it = std::lower_bound(ranges_.begin(), ranges_.end(), n,
                             [](const Range& r, std::uint32_t wanted) { return r.last < wanted; });
  return it != ranges_.end() && it->first <= n;
}

std::optional<std::uint32_t> NumberSet::min() const {
  if (ranges_.empty()) return std::nullopt;
  return ranges_.front().first;
}

std::optional<std::uint32_t> NumberSet::max() const {
  if (ranges_.empty()) return std::nullopt;
  return ranges_.back().last;
}

NumberSet NumberSet::intersect(const NumberSet& other) const {
  if (other.ranges_.size() < ranges_.size()) return other.intersect(*this);
  NumberSet out;
  // A few ranges among many are looked up rather than met on the way.
  if (ranges_.size() < other.ranges_.size() / kFewAmong) {
    for (const Range& r : ranges_) {
      auto k = std::ranges::lower_bound(other.ranges_, r.first, {}, &Range::last);
      for (; k != other.ranges_.end() && k->first <= r.last; ++k) {
        out.ranges_.push_back({std::max(r.first, k->first), std::min(r.last, k->last)});
        out.size_ += count(out.ranges_.back());
      }
    }
    return out;
  }
  auto i = ranges_.begin();
  auto j = other.ranges_.begin();
  while (i != ranges_.end() && j != other.ranges_.end()) {
    const std::uint32_t first = std::max(i->first, j->first);
    const std::uint32_t last = std::min(i->last, j->last);
    if (first <= last) {
      out.ranges_.push_back({first, last});
      out.size_ += std::uint64_t{last} - first + 1;
    }
    if (i->last < j->last) {
      ++i;
    } else {
      ++j;
    }
  }
  return out;
}

NumberSet NumberSet::minus(const NumberSet& other) const {
  NumberSet out;
  if (ranges_.size() < other.ranges_.size() / kFewAmong) {
    out = *this;
    const NumberSet common = intersect(other);
    for (const Range& r : common.ranges_) out.remove(r.first, r.last);
    return out;
  }
  out.ranges_ = difference(ranges_, other.ranges_);
  out.size_ = count(out.ranges_);
  return out;
}

void NumberSet::complete_index() const {
  if (before_.size() == ranges_.size()) return;
  before_.reserve(ranges_.size());
  if (before_.empty()) before_.push_back(0);
  while (before_.size() < ranges_.size()) {
    const std::size_t previous = before_.size() - 1;
    before_.push_back(static_cast<std::uint32_t>(before_[previous] + count(ranges_[previous])));
  }
}

std::uint32_t NumberSet::count_below(std::uint32_t n) const {
  auto it = std::lower_bound(ranges_.begin(), ranges_.end(), n,
                             [](const Range& r, std::uint32_t wanted) { return r.last < wanted; });
  if (it == ranges_.end()) return static_cast<std::uint32_t>(size_);  // at most n numbers are below n
  complete_index();
  const auto at = static_cast<std::size_t>(it - ranges_.begin());
  return before_[at] + (n > it->first ? n - it->first : 0);
}

std::uint32_t NumberSet::rank(std::uint32_t n) const {
  auto it = std::lower_bound(ranges_.begin(), ranges_.end(), n,
                             [](const Range& r, std::uint32_t wanted) { return r.last < wanted; });
  if (it == ranges_.end() || it->first > n) return 0;
  complete_index();
  return before_[static_cast<std::size_t>(it - ranges_.begin())] + (n - it->first) + 1;
}

std::optional<std::uint32_t> NumberSet::select(std::uint32_t k) const {
  if (k == 0 || k > size_) return std::nullopt;
  complete_index();
  auto it = std::upper_bound(before_.begin(), before_.end(), k - 1);
  const auto at = static_cast<std::size_t>(it - before_.begin()) - 1;
  return ranges_[at].first + (k - 1 - before_[at]);
}

void NumberSet::for_each(const std::function<void(std::uint32_t)>& visit) const {
  for (const Range& r : ranges_) {
    for (std::uint64_t n = r.first; n <= r.last; ++n) visit(static_cast<std::uint32_t>(n));
  }
}

std::string NumberSet::to_string() const {
  std::string out;
  char digits[10];
  auto put = [&](std::uint32_t n) {
    const auto end = std::to_chars(digits, digits + sizeof digits, n).ptr;
    out.append(digits, end);
  };
  for (const Range& r : ranges_) {
    if (!out.empty()) out.push_back(',');
    put(r.first);
    if (r.last != r.first) {
      out.push_back(':');
      put(r.last);
    }
  }
  return out;
}

}  // namespace gatepost
