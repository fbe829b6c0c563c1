#include "account/row_cache.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace gatepost::account {
namespace {

constexpr std::size_t kEntryOctets = 160;  // what an entry costs beside its rows

template <class To, class From>
bool fits_in(From n) {
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
  if (chunk_ && !chunk_->add(row, last_list_)) chunk_.reset();
}

// `list`: where to look first, for neighbours mostly have the same keywords.
bool RowChunk::find_list(const Row& row, std::size_t& list) {
  if (keywords_[list] == row.flags.keywords) return true;
  list = static_cast<std::size_t>(std::ranges::find(keywords_, row.flags.keywords) - keywords_.begin());
  if (list >= kMaxKeywordLists) return false;
  if (list == keywords_.size()) keywords_.push_back(row.flags.keywords);
  return true;
}

void RowChunk::add_id(std::vector<ItemId>& ids, const Row& row, ItemId id) const {
  if (ids.empty()) {
    if (id == row.item) return;
    for (const Packed& before : rows_) ids.push_back(before.item);
  }
  ids.push_back(id);
}

bool RowChunk::add(const Row& row, std::size_t& list) {
  if (rows_.empty()) {
    first_ = row.uid;
    received_ = row.received;
    saved_ = row.saved;
  }
  const std::int64_t received = seconds_between(received_, row.received);
  const std::int64_t saved = seconds_between(saved_, row.saved);
  if (!fits_in<std::uint16_t>(row.uid - first_) || !fits_in<std::uint32_t>(row.octets) ||
      !fits_in<std::int32_t>(received) || !fits_in<std::int32_t>(saved) || !find_list(row, list)) {
    return false;
  }
  add_id(threads_, row, row.thread);
  add_id(emails_, row, row.email);
  if (sent_.empty() && row.sent) sent_.resize(rows_.size(), kNoTime);
  if (row.sent || !sent_.empty()) {
    const std::int64_t first = std::chrono::floor<std::chrono::seconds>(received_).time_since_epoch().count();
    const std::int64_t after = row.sent.value_or(INT64_MAX / 2) - first;
    sent_.push_back(fits_in<std::int32_t>(after) ? static_cast<std::int32_t>(after) : kNoTime);
  }
  rows_.push_back({static_cast<std::uint16_t>(row.uid - first_), row.flags.system, static_cast<std::uint8_t>(list),
                   static_cast<std::uint32_t>(row.octets), static_cast<std::int32_t>(received),
                   static_cast<std::int32_t>(saved), row.modseq, row.item});
  return true;
}

std::size_t RowChunk::position(Uid uid) const {
  const auto at = std::ranges::lower_bound(rows_, uid, {}, [this](const Packed& p) { return first_ + p.uid; });
  return static_cast<std::size_t>(at - rows_.begin());
}

std::shared_ptr<const RowChunk> RowChunk::changed(std::span<const Change> changes, Modseq at) const {
  auto out = std::make_shared<RowChunk>(*this);
  RowChunk& c = *out;
  c.at_ = at;
  std::size_t list = 0;
  for (const Change& change : changes) {
    const std::size_t i = c.position(change.uid);
    const bool there = i < c.rows_.size() && c.uid(i) == change.uid;
    if (change.row == nullptr) {
      if (!there) continue;
      const auto place = static_cast<std::ptrdiff_t>(i);
      c.rows_.erase(c.rows_.begin() + place);
      if (!c.threads_.empty()) c.threads_.erase(c.threads_.begin() + place);
      if (!c.emails_.empty()) c.emails_.erase(c.emails_.begin() + place);
      if (!c.sent_.empty()) c.sent_.erase(c.sent_.begin() + place);
    } else if (there) {
      // Nothing else of a message changes while it is in its place.
      if (c.rows_[i].item != change.row->item || !c.find_list(*change.row, list)) return nullptr;
      c.rows_[i].flags = change.row->flags.system;
      c.rows_[i].keywords = static_cast<std::uint8_t>(list);
      c.rows_[i].modseq = change.row->modseq;
    } else if (i != c.rows_.size() || c.rows_.empty() || !c.add(*change.row, list)) {
      return nullptr;
    }
  }
  if (c.rows_.empty()) return nullptr;
  if (const std::uint16_t gone = c.rows_.front().uid; gone != 0) {
    c.first_ += gone;
    for (Packed& p : c.rows_) p.uid = static_cast<std::uint16_t>(p.uid - gone);
  }
  return out;
}

bool RowChunk::has_same_rows(const RowChunk& other) const {
  if (size() != other.size()) return false;
  Row mine, others;
  for (std::size_t i = 0; i < size(); ++i) {
    unpack(i, mine);
    other.unpack(i, others);
    if (mine.uid != others.uid || mine.item != others.item || mine.flags != others.flags ||
        mine.modseq != others.modseq || mine.octets != others.octets || mine.received != others.received ||
        mine.saved != others.saved || mine.thread != others.thread || mine.email != others.email ||
        mine.sent != others.sent) {
      return false;
    }
  }
  return true;
}

std::shared_ptr<const RowChunk> RowChunk::Packer::finish(Modseq at) {
  if (!chunk_) return nullptr;
  chunk_->at_ = at;
  chunk_->rows_.shrink_to_fit();
  chunk_->threads_.shrink_to_fit();
  chunk_->emails_.shrink_to_fit();
  chunk_->sent_.shrink_to_fit();
  return std::move(chunk_);
}

std::size_t RowChunk::octets() const {
  std::size_t n = kEntryOctets + rows_.capacity() * sizeof(Packed) +
                  (threads_.capacity() + emails_.capacity()) * sizeof(ItemId) + sent_.capacity() * sizeof(std::int32_t);
  for (const auto& list : keywords_) n += sizeof(list) + list.size() * sizeof(KeywordId);
  return n;
}

void RowChunk::unpack(std::size_t i, Row& row) const {
  const Packed& p = rows_[i];
  row.uid = first_ + p.uid;
  row.item = p.item;
  row.thread = threads_.empty() ? p.item : threads_[i];
  row.email = emails_.empty() ? p.item : emails_[i];
  row.flags.system = p.flags;
  // Most rows have none, as the one before.
  if (p.keywords != 0 || !row.flags.keywords.empty()) row.flags.keywords = keywords_[p.keywords];
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
