#include "imap/protocol/sequence_set.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "imap/protocol/strings.hpp"

namespace gatepost::imap {
namespace {

// seq-number = nz-number / "*"
std::optional<std::uint32_t> take_number(std::string_view& text) {
  if (text.starts_with('*')) {
    text.remove_prefix(1);
    return SequenceSet::kStar;
  }
  if (text.empty() || text[0] == '0') return std::nullopt;
  std::uint64_t value = 0;
  std::size_t digits = 0;
  while (digits < text.size() && digits < 11 && ascii::is_digit(text[digits])) {
    value = value * 10 + static_cast<std::uint64_t>(text[digits++] - '0');
  }
  if (digits == 0 || value > UINT32_MAX) return std::nullopt;
  text.remove_prefix(digits);
  return static_cast<std::uint32_t>(value);
}

}  // namespace

SequenceSet SequenceSet::of(const NumberSet& numbers) {
  SequenceSet set;
  for (const auto& range : numbers.ranges()) set.ranges_.push_back({range.first, range.last});
  return set;
}

SequenceSet SequenceSet::all() {
  SequenceSet set;
  set.ranges_.push_back({1, kStar});
  return set;
}

SequenceSet SequenceSet::saved() {
  SequenceSet set;
  set.saved_ = true;
  return set;
}

// sequence-set = (seq-number / seq-range) ["," sequence-set] / "$"
std::optional<SequenceSet> SequenceSet::parse(std::string_view text) {
  if (text == "$") return saved();
  SequenceSet set;
  while (true) {
    const auto first = take_number(text);
    if (!first) return std::nullopt;
    Range range{*first, *first};
    if (text.starts_with(':')) {
      text.remove_prefix(1);
      const auto last = take_number(text);
      if (!last) return std::nullopt;
      range.last = *last;
    }
    set.ranges_.push_back(range);
    if (text.empty()) return set;
    if (text[0] != ',') return std::nullopt;
    text.remove_prefix(1);
  }
}

bool SequenceSet::has_star() const {
  return std::ranges::any_of(ranges_, [](const Range& r) { return r.first == kStar || r.last == kStar; });
}

std::uint32_t SequenceSet::largest_number() const {
  std::uint32_t largest = 0;
  for (const Range& range : ranges_) largest = std::max({largest, range.first, range.last});
  return largest;
}

NumberSet SequenceSet::resolve(std::uint32_t largest) const {
  const auto bounds = [largest](const Range& range) {
    const std::uint32_t first = range.first == kStar ? largest : range.first;
    const std::uint32_t last = range.last == kStar ? largest : range.last;
    return Range{std::min(first, last), std::max(first, last)};
  };
  NumberSet numbers;
  if (ranges_.size() == 1) {
    const Range range = bounds(ranges_[0]);
    if (range.first != 0) numbers.add(range.first, range.last);
    return numbers;
  }
  std::vector<Range> sorted;
  sorted.reserve(ranges_.size());
  for (const Range& range : ranges_) sorted.push_back(bounds(range));
  // In order each addition is at the end of the set; thousands of ranges in disorder would cost a move each.
  std::ranges::sort(sorted, {}, &Range::first);
  for (const Range& range : sorted) {
    if (range.first != 0) numbers.add(range.first, range.last);
  }
  return numbers;
}

std::string SequenceSet::to_string() const {
  if (saved_) return "$";
  std::string out;
  const auto number = [&out](std::uint32_t n) {
    if (n == kStar) {
      out += '*';
    } else {
      write_number(out, n);
    }
  };
  for (const Range& range : ranges_) {
    if (!out.empty()) out += ',';
    number(range.first);
    if (range.first == range.last) continue;
    out += ':';
    number(range.last);
  }
  return out;
}

}  // namespace gatepost::imap
