#include "jmap/lines.hpp"

#include <array>
#include <span>

namespace gatepost::jmap {
namespace {

auto place_in(auto& lines, const LineKey& key) { return std::ranges::lower_bound(lines, key, newer, key_of); }

// Orders indexes by their numbers, digit by digit; what has the same number stays as it was. `spare` is as long.
void sort_by(const std::vector<std::uint32_t>& numbers, std::vector<std::uint32_t>& indexes,
             std::vector<std::uint32_t>& spare) {
  constexpr unsigned kBits = 11;
  constexpr std::uint32_t kMask = (1U << kBits) - 1;
  const std::uint32_t most = *std::ranges::max_element(numbers);
  for (unsigned shift = 0; shift < 32 && most >> shift != 0; shift += kBits) {
    std::array<std::uint32_t, kMask + 1> begins{};
    for (const std::uint32_t number : numbers) ++begins[number >> shift & kMask];
    std::uint32_t before = 0;
    for (std::uint32_t& begin : begins) before += std::exchange(begin, before);
    for (const std::uint32_t index : indexes) spare[begins[numbers[index] >> shift & kMask]++] = index;
    indexes.swap(spare);
  }
}

}  // namespace

void Lines::Builder::add(const Line& line) {
  if (size_ % kChunk == 0) {
    lots_.push_back(std::make_shared<Lot>());
    lots_.back()->reserve(kChunk);
  }
  lots_.back()->push_back(line);
  ++size_;
  const LineKey key = key_of(line);
  in_order_ = in_order_ && (size_ == 1 || !newer(last_, key));
  last_ = key;
}

// Oldest first. Lines that are all over the place, as in a folder that messages were moved to, would take a comparing
// sort several milliseconds for a hundred thousand.
void Lines::Builder::sort() {
  std::vector<std::uint32_t> order(size_), numbers(size_), spare(size_);
  for (std::size_t i = 0; i < size_; ++i) order[i] = static_cast<std::uint32_t>(i);
  const auto by = [&](auto number_of) {
    std::uint64_t lowest = std::numeric_limits<std::uint64_t>::max(), highest = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      const std::uint64_t number = number_of(at(i));
      lowest = std::min(lowest, number);
      highest = std::max(highest, number);
    }
    if (highest - lowest > std::numeric_limits<std::uint32_t>::max()) return false;
    for (std::size_t i = 0; i < size_; ++i) numbers[i] = static_cast<std::uint32_t>(number_of(at(i)) - lowest);
    sort_by(numbers, order, spare);
    return true;
  };
  // Of signed numbers, in their order.
  const auto second = [](const Line& line) {
    return static_cast<std::uint64_t>(line.received) ^ std::uint64_t{1} << 63;
  };
  if (!by([](const Line& line) { return static_cast<std::uint64_t>(line.item); }) || !by(second)) {
    std::ranges::sort(
        order, [](const LineKey& a, const LineKey& b) { return newer(b, a); },
        [&](std::uint32_t index) { return key_of(at(index)); });
  }
  // Each line goes to its place, whose line goes to its own, until one has gone round.
  for (std::size_t begin = 0; begin < size_; ++begin) {
    if (order[begin] == begin) continue;
    const Line first = at(begin);
    std::size_t to = begin;
    while (order[to] != begin) {
      at(to) = at(order[to]);
      to = std::exchange(order[to], static_cast<std::uint32_t>(to));
    }
    at(to) = first;
    order[to] = static_cast<std::uint32_t>(to);
  }
}

Lines Lines::Builder::finish() && {
  if (!in_order_) sort();
  Lines list;
  list.size_ = size_;
  list.chunks_.reserve(lots_.size());
  if (!lots_.empty()) lots_.back()->shrink_to_fit();
  for (auto lot = lots_.rbegin(); lot != lots_.rend(); ++lot) {
    std::ranges::reverse(**lot);
    list.chunks_.emplace_back(std::move(*lot));
  }
  return list;
}

Lines::const_iterator Lines::from(std::size_t index) const {
  for (std::size_t chunk = 0; chunk < chunks_.size(); ++chunk) {
    if (index < chunks_[chunk].lines->size()) return {this, chunk, index};
    index -= chunks_[chunk].lines->size();
  }
  return end();
}

std::vector<LineKey> Lines::find(const NumberSet& uids) const {
  std::vector<LineKey> found;
  if (uids.empty()) return found;
  const std::span<const NumberSet::Range> ranges = uids.ranges();
  for (const Chunk& chunk : chunks_) {
    const auto first = std::ranges::lower_bound(ranges, chunk.lowest, {}, &NumberSet::Range::last);
    if (first == ranges.end() || first->first > chunk.highest) continue;
    for (const Line& line : *chunk.lines) {
      if (uids.contains(line.uid)) found.push_back(key_of(line));
    }
  }
  return found;
}

std::size_t Lines::Edit::chunk_for(const LineKey& key) const {
  // The last one that does not begin behind the key.
  const auto behind = std::ranges::upper_bound(list_.chunks_, key, newer,
                                               [](const Chunk& chunk) { return key_of(chunk.lines->front()); });
  return behind == list_.chunks_.begin() ? 0 : static_cast<std::size_t>(behind - list_.chunks_.begin()) - 1;
}

Lines::Lot& Lines::Edit::own(std::size_t at) {
  auto& lines = list_.chunks_[at].lines;
  if (!own_.contains(lines.get())) {
    lines = std::make_shared<Lot>(*lines);
    own_.insert(lines.get());
  }
  return *lines;
}

std::optional<Line> Lines::Edit::take(const LineKey& key) {
  if (list_.chunks_.empty()) return std::nullopt;
  const std::size_t at = chunk_for(key);
  const Lot& before = *list_.chunks_[at].lines;
  const auto found = place_in(before, key);
  if (found == before.end() || key_of(*found) != key) return std::nullopt;
  const auto index = found - before.begin();
  const Line line = *found;
  Lot& lines = own(at);
  lines.erase(lines.begin() + index);
  --list_.size_;
  // Chunks that became small join their neighbour, or many removals would leave many of them.
  const auto here = list_.chunks_.begin() + static_cast<std::ptrdiff_t>(at);
  if (lines.empty()) {
    own_.erase(&lines);
    list_.chunks_.erase(here);
  } else if (at + 1 < list_.chunks_.size() && lines.size() + list_.chunks_[at + 1].lines->size() < kChunk / 2) {
    const Chunk& next = list_.chunks_[at + 1];
    lines.insert(lines.end(), next.lines->begin(), next.lines->end());
    list_.chunks_[at].note(next.lowest);
    list_.chunks_[at].note(next.highest);
    own_.erase(next.lines.get());
    list_.chunks_.erase(here + 1);
  }
  return line;
}

void Lines::Edit::put(const Line& line) {
  if (list_.chunks_.empty()) {
    list_.chunks_.emplace_back(std::make_shared<Lot>(1, line));
    own_.insert(list_.chunks_.back().lines.get());
    list_.size_ = 1;
    return;
  }
  const std::size_t at = chunk_for(key_of(line));
  Lot& lines = own(at);
  list_.chunks_[at].note(line.uid);
  const auto place = place_in(lines, key_of(line));
  if (place != lines.end() && key_of(*place) == key_of(line)) {
    *place = line;
    return;
  }
  lines.insert(place, line);
  ++list_.size_;
  if (lines.size() <= kChunk) return;
  const auto half = lines.begin() + static_cast<std::ptrdiff_t>(lines.size() / 2);
  Chunk rest(std::make_shared<Lot>(half, lines.end()));
  lines.erase(half, lines.end());
  own_.insert(rest.lines.get());
  list_.chunks_.insert(list_.chunks_.begin() + static_cast<std::ptrdiff_t>(at) + 1, std::move(rest));
}

}  // namespace gatepost::jmap
