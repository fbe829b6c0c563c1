#include "jmap/lines.hpp"

#include <algorithm>

namespace gatepost::jmap {
namespace {

auto place_in(auto& chunk, const LineKey& key) { return std::ranges::lower_bound(chunk, key, newer, key_of); }

}  // namespace

Lines::Lines(const std::vector<Line>& in_order) : size_(in_order.size()) {
  chunks_.reserve(in_order.size() / kChunk + 1);
  for (std::size_t at = 0; at < in_order.size(); at += kChunk) {
    const auto first = in_order.begin() + static_cast<std::ptrdiff_t>(at);
    const auto count = static_cast<std::ptrdiff_t>(std::min(kChunk, in_order.size() - at));
    chunks_.push_back(std::make_shared<Chunk>(first, first + count));
  }
}

Lines::const_iterator Lines::from(std::size_t index) const {
  for (std::size_t chunk = 0; chunk < chunks_.size(); ++chunk) {
    if (index < chunks_[chunk]->size()) return {this, chunk, index};
    index -= chunks_[chunk]->size();
  }
  return end();
}

std::size_t Lines::Edit::chunk_for(const LineKey& key) const {
  // The last one that does not begin behind the key.
  const auto behind =
      std::ranges::upper_bound(list_.chunks_, key, newer, [](const auto& chunk) { return key_of(chunk->front()); });
  return behind == list_.chunks_.begin() ? 0 : static_cast<std::size_t>(behind - list_.chunks_.begin()) - 1;
}

Lines::Chunk& Lines::Edit::own(std::size_t at) {
  auto& chunk = list_.chunks_[at];
  if (!own_.contains(chunk.get())) {
    chunk = std::make_shared<Chunk>(*chunk);
    own_.insert(chunk.get());
  }
  return *chunk;
}

std::optional<Line> Lines::Edit::take(const LineKey& key) {
  if (list_.chunks_.empty()) return std::nullopt;
  const std::size_t at = chunk_for(key);
  const auto found = place_in(*list_.chunks_[at], key);
  if (found == list_.chunks_[at]->end() || key_of(*found) != key) return std::nullopt;
  const auto index = found - list_.chunks_[at]->begin();
  const Line line = *found;
  Chunk& chunk = own(at);
  chunk.erase(chunk.begin() + index);
  --list_.size_;
  // Chunks that became small join their neighbour, or many removals would leave many of them.
  const auto here = list_.chunks_.begin() + static_cast<std::ptrdiff_t>(at);
  if (chunk.empty()) {
    own_.erase(&chunk);
    list_.chunks_.erase(here);
  } else if (at + 1 < list_.chunks_.size() && chunk.size() + list_.chunks_[at + 1]->size() < kChunk / 2) {
    chunk.insert(chunk.end(), list_.chunks_[at + 1]->begin(), list_.chunks_[at + 1]->end());
    own_.erase(list_.chunks_[at + 1].get());
    list_.chunks_.erase(here + 1);
  }
  return line;
}

void Lines::Edit::put(const Line& line) {
  if (list_.chunks_.empty()) {
    list_.chunks_.push_back(std::make_shared<Chunk>(1, line));
    own_.insert(list_.chunks_.back().get());
    list_.size_ = 1;
    return;
  }
  const std::size_t at = chunk_for(key_of(line));
  Chunk& chunk = own(at);
  const auto place = place_in(chunk, key_of(line));
  if (place != chunk.end() && key_of(*place) == key_of(line)) {
    *place = line;
    return;
  }
  chunk.insert(place, line);
  ++list_.size_;
  if (chunk.size() <= kChunk) return;
  const auto half = chunk.begin() + static_cast<std::ptrdiff_t>(chunk.size() / 2);
  auto rest = std::make_shared<Chunk>(half, chunk.end());
  chunk.erase(half, chunk.end());
  own_.insert(rest.get());
  list_.chunks_.insert(list_.chunks_.begin() + static_cast<std::ptrdiff_t>(at) + 1, std::move(rest));
}

}  // namespace gatepost::jmap
