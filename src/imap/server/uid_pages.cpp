#include "imap/server/uid_pages.hpp"

#include <algorithm>
#include <vector>

namespace gatepost::imap::server {

using NumberRange = NumberSet::Range;

UidPages::UidPages(const NumberSet& uids, bool from_end) : uids_(uids), from_end_(from_end), left_(uids.size()) {}

const NumberRange& UidPages::current() const {
  const auto& ranges = uids_.ranges();
  return ranges[from_end_ ? ranges.size() - 1 - range_ : range_];
}

bool UidPages::passed_all_up_to(std::uint32_t number) const {
  return left_ == 0 || (!from_end_ && current().first + used_ > number);
}

bool UidPages::passed_all_from(std::uint32_t number) const {
  return left_ == 0 || (from_end_ && current().last - used_ < number);
}

NumberSet UidPages::take(std::size_t count) {
  std::vector<NumberRange> page;
  std::uint64_t wanted = std::min<std::uint64_t>(count, left_);
  left_ -= wanted;
  while (wanted > 0) {
    const NumberRange& range = current();
    const std::uint64_t rest = std::uint64_t{range.last} - range.first + 1 - used_;
    const auto taken = static_cast<std::uint32_t>(std::min(rest, wanted));
    if (from_end_) {
      const std::uint32_t last = range.last - used_;
      page.push_back({last - taken + 1, last});
    } else {
      const std::uint32_t first = range.first + used_;
      page.push_back({first, first + taken - 1});
    }
    used_ += taken;
    wanted -= taken;
    if (taken == rest) {
      ++range_;
      used_ = 0;
    }
  }
  if (from_end_) std::ranges::reverse(page);
  NumberSet out;
  for (const NumberRange& range : page) out.add(range.first, range.last);
  return out;
}

std::uint32_t Ranks::of(std::uint32_t number) {
  const auto& ranges = numbers_.ranges();
  while (range_ < ranges.size() && ranges[range_].last < number) {
    before_ += ranges[range_].last - ranges[range_].first + 1;
    ++range_;
  }
  if (range_ == ranges.size() || ranges[range_].first > number) return 0;
  return before_ + (number - ranges[range_].first) + 1;
}

NumberSet at_positions(const NumberSet& numbers, const NumberSet& positions) {
  NumberSet out;
  std::uint64_t before = 0;
  auto wanted = positions.ranges().begin();
  const auto end = positions.ranges().end();
  for (const NumberRange& range : numbers.ranges()) {
    const std::uint64_t size = std::uint64_t{range.last} - range.first + 1;
    // Positions of this range: before + 1 to before + size.
    while (wanted != end && wanted->last <= before) ++wanted;
    for (auto w = wanted; w != end && w->first <= before + size; ++w) {
      const std::uint64_t from = std::max<std::uint64_t>(w->first, before + 1);
      const std::uint64_t to = std::min<std::uint64_t>(w->last, before + size);
      if (from <= to) {
        out.add(range.first + static_cast<std::uint32_t>(from - before - 1),
                range.first + static_cast<std::uint32_t>(to - before - 1));
      }
      if (w->last > before + size) break;
      wanted = w;
    }
    before += size;
  }
  return out;
}

NumberSet places_of(const PartialRange& range, std::uint64_t count) {
  const std::uint64_t first = std::min(range.first, range.last);
  const std::uint64_t last = std::min<std::uint64_t>(std::max(range.first, range.last), count);
  if (first > last) return {};
  if (!range.from_end) return NumberSet::of(static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last));
  return NumberSet::of(static_cast<std::uint32_t>(count - last + 1), static_cast<std::uint32_t>(count - first + 1));
}

std::uint32_t keep_highest(NumberSet& numbers, std::uint32_t most) {
  const std::uint64_t count = numbers.size();
  if (most == 0 || count <= most) return 0;
  const std::uint32_t lowest = *numbers.select(static_cast<std::uint32_t>(count - most + 1));
  if (lowest > 1) numbers.remove(1, lowest - 1);
  return lowest;
}

NumberSet positions_of(const NumberSet& numbers, const NumberSet& chosen) {
  NumberSet out;
  Ranks ranks(numbers);
  for (const NumberRange& range : chosen.intersect(numbers).ranges()) {
    const std::uint32_t first = ranks.of(range.first);
    out.add(first, first + (range.last - range.first));
  }
  return out;
}

}  // namespace gatepost::imap::server
