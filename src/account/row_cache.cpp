#include "account/row_cache.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace gatepost::account {
namespace {

constexpr std::size_t kEntryOctets = 160;  // what an entry costs beside its rows

template <class To, class From>
bool fits(From n) {
  return std::in_range<To>(n);
}

std::int64_t seconds_between(TimePoint from, TimePoint to) {
  return std::chrono::floor<std::chrono::seconds>(to - from).count();
}

}  // namespace

std::shared_ptr<const RowChunk> RowChunk::pack(std::span<const Row> rows, Modseq at) {
  Packer packer;
  for (const Row& row : rows) packer.add(row);
  return packer.finish(at);
}

RowChunk::Packer::Packer() : chunk_(std::make_shared<RowChunk>()) { chunk_->keywords_.emplace_back(); }

void RowChunk::Packer::add(const Row& row) {
  if (!chunk_) return;
  RowChunk& c = *chunk_;
  if (c.rows_.empty()) {
    c.first_ = row.uid;
    c.received_ = row.received;
    c.saved_ = row.saved;
    received_ = std::chrono::floor<std::chrono::seconds>(row.received).time_since_epoch().count();
  }
  // Neighbours mostly have the same keywords.
  if (c.keywords_[last_list_] != row.flags.keywords)
    last_list_ = static_cast<std::size_t>(std::ranges::find(c.keywords_, row.flags.keywords) - c.keywords_.begin());
  const std::int64_t received = seconds_between(c.received_, row.received);
  const std::int64_t saved = seconds_between(c.saved_, row.saved);
  if (last_list_ >= kMaxKeywordLists || !fits<std::uint16_t>(row.uid - c.first_) || !fits<std::uint32_t>(row.octets) ||
      !fits<std::int32_t>(received) || !fits<std::int32_t>(saved)) {
    chunk_.reset();
    return;
  }
  if (last_list_ == c.keywords_.size()) c.keywords_.push_back(row.flags.keywords);
  // What most chunks are without begins with the first row that has it.
  if (c.threads_.empty() && row.thread != row.item) {
    for (const Packed& before : c.rows_) c.threads_.push_back(before.item);
    c.threads_.push_back(row.thread);
  } else if (!c.threads_.empty()) {
    c.threads_.push_back(row.thread);
  }
  if (c.sent_.empty() && row.sent) c.sent_.resize(c.rows_.size(), kNoTime);
  if (row.sent || !c.sent_.empty()) {
    const std::int64_t after = row.sent.value_or(INT64_MAX / 2) - received_;
    c.sent_.push_back(fits<std::int32_t>(after) ? static_cast<std::int32_t>(after) : kNoTime);
  }
  c.rows_.push_back({static_cast<std::uint16_t>(row.uid - c.first_), row.flags.system,
                     static_cast<std::uint8_t>(last_list_), static_cast<std::uint32_t>(row.octets),
                     static_cast<std::int32_t>(received), static_cast<std::int32_t>(saved), row.modseq, row.item});
}

std::shared_ptr<const RowChunk> RowChunk::Packer::finish(Modseq at) {
  if (!chunk_) return nullptr;
  chunk_->at_ = at;
  chunk_->rows_.shrink_to_fit();
  chunk_->threads_.shrink_to_fit();
  chunk_->sent_.shrink_to_fit();
  return std::move(chunk_);
}

std::size_t RowChunk::octets() const {
  std::size_t n = kEntryOctets + rows_.capacity() * sizeof(Packed) + threads_.capacity() * sizeof(ItemId) +
                  sent_.capacity() * sizeof(std::int32_t);
  for (const auto& list : keywords_) n += sizeof(list) + list.size() * sizeof(KeywordId);
  return n;
}

void RowChunk::unpack(std::size_t i, Row& row) const {
  const Packed& p = rows_[i];
  row.uid = first_ + p.uid;
  row.item = p.item;
  row.thread = threads_.empty() ? p.item : threads_[i];
  row.flags.system = p.flags;
  row.flags.keywords = keywords_[p.keywords];
  row.modseq = p.modseq;
  row.octets = p.octets;
  row.received = received_ + std::chrono::seconds(p.received);
  row.saved = saved_ + std::chrono::seconds(p.saved);
  row.sent.reset();
  if (sent_.empty() || sent_[i] == kNoTime) return;
  row.sent = std::chrono::floor<std::chrono::seconds>(received_).time_since_epoch().count() + sent_[i];
}

std::size_t RowCache::KeyHash::operator()(const Key& key) const {
  // The odd constant is that of Fibonacci hashing; owners and chunks are small numbers.
  constexpr std::uint64_t kSpread = 0x9e3779b97f4a7c15;
  std::uint64_t h = key.owner * kSpread;
  h = (h ^ static_cast<std::uint64_t>(key.folder)) * kSpread;
  h = (h ^ key.chunk) * kSpread;
  return static_cast<std::size_t>(h ^ (h >> 32));
}

std::uint64_t RowCache::new_owner() {
  const std::scoped_lock lock(mutex_);
  return ++owners_;
}

std::size_t RowCache::octets() const {
  const std::scoped_lock lock(mutex_);
  return octets_;
}

void RowCache::drop(Entries::iterator entry) {
  octets_ -= entry->chunk->octets();
  index_.erase(entry->key);
  entries_.erase(entry);
}

std::shared_ptr<const RowChunk> RowCache::find(const Key& key, Modseq changed) {
  const std::scoped_lock lock(mutex_);
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  if (found->second->chunk->at() < changed) {
    drop(found->second);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->chunk;
}

void RowCache::put(const Key& key, std::shared_ptr<const RowChunk> chunk) {
  const std::size_t octets = chunk->octets();
  if (octets > max_octets_) return;
  const std::scoped_lock lock(mutex_);
  if (const auto found = index_.find(key); found != index_.end()) {
    if (found->second->chunk->at() >= chunk->at()) return;
    drop(found->second);
  }
  while (octets_ + octets > max_octets_) drop(std::prev(entries_.end()));
  octets_ += octets;
  entries_.push_front({key, std::move(chunk)});
  index_.emplace(key, entries_.begin());
}

}  // namespace gatepost::account
