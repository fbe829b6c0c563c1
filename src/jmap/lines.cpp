#include "jmap/lines.hpp"

#include <array>
#include <ranges>
#include <span>
#include <utility>

namespace gatepost::jmap {
namespace {

// Of the first that is not before the key.
std::size_t place_in(const LineLot& lines, const LineKey& key) {
  const auto all = std::views::iota(std::size_t{0}, lines.size());
  const auto key_at = [&](std::size_t i) { return key_of(lines[i]); };
  return static_cast<std::size_t>(std::ranges::lower_bound(all, key, newer, key_at) - all.begin());
}

// Orders indexes by their numbers, digit by digit; what has the same number stays as it was. `spare` is as long.
void sort_by_digits(const std::vector<std::uint32_t>& numbers, std::vector<std::uint32_t>& indexes,
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

void LineLot::widen() {
  std::vector<Line> wide;
  wide.reserve(packed_.size() + 1);
  for (std::size_t i = 0; i < packed_.size(); ++i) wide.push_back((*this)[i]);
  wide_ = std::move(wide);
  packed_ = {};
}

void LineLot::insert(std::size_t at, const Line& line) {
  Packed packed{};
  if (wide_.empty() && pack(line, packed)) {
    packed_.insert(packed_.begin() + static_cast<std::ptrdiff_t>(at), packed);
    return;
  }
  if (wide_.empty()) widen();
  wide_.insert(wide_.begin() + static_cast<std::ptrdiff_t>(at), line);
}

void LineLot::set(std::size_t at, const Line& line) {
  if (wide_.empty() && pack(line, packed_[at])) return;
  if (wide_.empty()) widen();
  wide_[at] = line;
}

void LineLot::erase(std::size_t at) {
  if (wide_.empty())
    packed_.erase(packed_.begin() + static_cast<std::ptrdiff_t>(at));
  else
    wide_.erase(wide_.begin() + static_cast<std::ptrdiff_t>(at));
}

void LineLot::split(std::size_t at, LineLot& rest) {
  for (std::size_t i = at; i < size(); ++i) rest.push_back((*this)[i]);
  if (wide_.empty())
    packed_.resize(at);
  else
    wide_.resize(at);
}

void LineLot::reverse() {
  std::ranges::reverse(packed_);
  std::ranges::reverse(wide_);
}

void Lines::Builder::add(const Line& line) {
  if (size_ % kChunk == 0) {
    chunks_.emplace_back(std::make_shared<LineLot>());
    chunks_.back().lines->reserve(kChunk);
  }
  chunks_.back().lines->push_back(line);
  chunks_.back().note(line.uid);
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
    sort_by_digits(numbers, order, spare);
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
      set(to, at(order[to]));
      to = std::exchange(order[to], static_cast<std::uint32_t>(to));
    }
    set(to, first);
    order[to] = static_cast<std::uint32_t>(to);
  }
}

Lines Lines::Builder::finish() && {
  if (!in_order_) {
    sort();
    for (Chunk& chunk : chunks_) chunk.look();
  }
  if (!chunks_.empty()) chunks_.back().lines->shrink_to_fit();
  std::ranges::reverse(chunks_);
  for (Chunk& chunk : chunks_) chunk.lines->reverse();
  Lines list;
  list.chunks_ = std::move(chunks_);
  list.size_ = size_;
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
    for (std::size_t i = 0; i < chunk.lines->size(); ++i) {
      const Line line = (*chunk.lines)[i];
      if (uids.contains(line.uid)) found.push_back(key_of(line));
    }
  }
  return found;
}

std::size_t Lines::octets() const {
  std::size_t octets = 0;
  for (const Chunk& chunk : chunks_) octets += chunk.lines->octets() + sizeof(Chunk);
  return octets;
}

std::size_t Lines::Edit::chunk_for(const LineKey& key) const {
  // The last one that does not begin behind the key.
  const auto behind =
      std::ranges::upper_bound(list_.chunks_, key, newer, [](const Chunk& chunk) { return key_of((*chunk.lines)[0]); });
  return behind == list_.chunks_.begin() ? 0 : static_cast<std::size_t>(behind - list_.chunks_.begin()) - 1;
}

LineLot& Lines::Edit::own(std::size_t at) {
  auto& lines = list_.chunks_[at].lines;
  if (!own_.contains(lines.get())) {
    lines = std::make_shared<LineLot>(*lines);
    own_.insert(lines.get());
  }
  return *lines;
}

bool Lines::Edit::has(const LineKey& key) const {
  if (list_.chunks_.empty()) return false;
  const LineLot& lines = *list_.chunks_[chunk_for(key)].lines;
  const std::size_t index = place_in(lines, key);
  return index != lines.size() && key_of(lines[index]) == key;
}

std::optional<Line> Lines::Edit::take(const LineKey& key) {
  if (list_.chunks_.empty()) return std::nullopt;
  const std::size_t at = chunk_for(key);
  const LineLot& before = *list_.chunks_[at].lines;
  const std::size_t index = place_in(before, key);
  if (index == before.size() || key_of(before[index]) != key) return std::nullopt;
  const Line line = before[index];
  LineLot& lines = own(at);
  lines.erase(index);
  --list_.size_;
  // Chunks that became small join their neighbour, or many removals would leave many of them.
  const auto here = list_.chunks_.begin() + static_cast<std::ptrdiff_t>(at);
  if (lines.empty()) {
    own_.erase(&lines);
    list_.chunks_.erase(here);
  } else if (at + 1 < list_.chunks_.size() && lines.size() + list_.chunks_[at + 1].lines->size() < kChunk / 2) {
    const Chunk& next = list_.chunks_[at + 1];
    for (std::size_t i = 0; i < next.lines->size(); ++i) lines.push_back((*next.lines)[i]);
    list_.chunks_[at].note(next.lowest);
    list_.chunks_[at].note(next.highest);
    own_.erase(next.lines.get());
    list_.chunks_.erase(here + 1);
  }
  return line;
}

void Lines::Edit::put(const Line& line) {
  if (list_.chunks_.empty()) {
    auto lines = std::make_shared<LineLot>();
    lines->push_back(line);
    own_.insert(lines.get());
    list_.chunks_.emplace_back(std::move(lines));
    list_.size_ = 1;
    return;
  }
  const std::size_t at = chunk_for(key_of(line));
  LineLot& lines = own(at);
  list_.chunks_[at].note(line.uid);
  const std::size_t place = place_in(lines, key_of(line));
  if (place != lines.size() && key_of(lines[place]) == key_of(line)) {
    lines.set(place, line);
    return;
  }
  lines.insert(place, line);
  ++list_.size_;
  if (lines.size() <= kChunk) return;
  auto rest = std::make_shared<LineLot>();
  lines.split(lines.size() / 2, *rest);
  own_.insert(rest.get());
  list_.chunks_.emplace(list_.chunks_.begin() + static_cast<std::ptrdiff_t>(at) + 1, std::move(rest));
}

}  // namespace gatepost::jmap
