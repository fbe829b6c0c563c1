#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "account/types.hpp"
#include "base/number_set.hpp"

namespace gatepost::jmap {

// One message of a folder, as far as lists of messages look.
struct Line {
  std::int64_t received = 0;  // seconds of 1970
  account::ItemId item{}, thread{};
  account::ItemId email{};  // itself, but of a copy
  std::uint64_t octets = 0;
  account::Uid uid = 0;
  std::uint16_t keywords = 0;  // index into FolderView::keywords
  std::uint8_t flags = 0;
  bool is_copy() const { return email != item; }
};

// RFC 8621 2: without $seen and $draft.
inline bool is_unread(std::uint8_t flags) { return (flags & (account::flag::kSeen | account::flag::kDraft)) == 0; }

// Where a line is in the order: newest first, of the same second the one that came last.
struct LineKey {
  std::int64_t received = 0;
  account::ItemId item{};
  bool operator==(const LineKey&) const = default;
};
inline LineKey key_of(const Line& line) { return {line.received, line.item}; }
inline bool newer(const LineKey& a, const LineKey& b) {
  return a.received != b.received ? a.received > b.received : a.item > b.item;
}

// Some lines, in 24 octets each where they are close to the first of them and no copies, as neighbours mostly are.
class LineLot {
 public:
  std::size_t size() const { return wide_.empty() ? packed_.size() : wide_.size(); }
  bool empty() const { return size() == 0; }
  Line operator[](std::size_t i) const {
    if (!wide_.empty()) [[unlikely]]
      return wide_[i];
    const Packed& p = packed_[i];
    return {.received = received_ + p.received,
            .item = account::ItemId{item_ + static_cast<std::uint64_t>(std::int64_t{p.item})},
            .thread = account::ItemId{item_ + static_cast<std::uint64_t>(std::int64_t{p.thread})},
            .email = account::ItemId{item_ + static_cast<std::uint64_t>(std::int64_t{p.item})},
            .octets = p.octets,
            .uid = p.uid,
            .keywords = p.keywords,
            .flags = p.flags};
  }
  void reserve(std::size_t count) { packed_.reserve(count); }
  void insert(std::size_t at, const Line& line);
  void push_back(const Line& line) {
    Packed packed{};
    if (wide_.empty() && pack(line, packed))
      packed_.push_back(packed);
    else
      insert(size(), line);
  }
  void set(std::size_t at, const Line& line);
  void erase(std::size_t at);
  void split(std::size_t at, LineLot& rest);  // what is behind goes into `rest`, which is empty
  void reverse();
  void shrink_to_fit() { packed_.shrink_to_fit(); }
  std::size_t octets() const { return packed_.capacity() * sizeof(Packed) + wide_.capacity() * sizeof(Line) + 80; }

 private:
  struct Packed {
    std::int32_t received, item, thread;  // less received_, item_
    std::uint32_t octets;
    account::Uid uid;
    std::uint16_t keywords;
    std::uint8_t flags;
  };
  bool pack(const Line& line, Packed& into) {
    if (packed_.empty()) {
      received_ = line.received;
      item_ = static_cast<std::uint64_t>(line.item);
    }
    const auto less = [](std::uint64_t number, std::uint64_t base) { return static_cast<std::int64_t>(number - base); };
    const std::int64_t received =
        less(static_cast<std::uint64_t>(line.received), static_cast<std::uint64_t>(received_));
    const std::int64_t item = less(static_cast<std::uint64_t>(line.item), item_);
    const std::int64_t thread = less(static_cast<std::uint64_t>(line.thread), item_);
    if (line.is_copy() || !std::in_range<std::int32_t>(received) || !std::in_range<std::int32_t>(item) ||
        !std::in_range<std::int32_t>(thread) || !std::in_range<std::uint32_t>(line.octets)) {
      return false;
    }
    into = {static_cast<std::int32_t>(received),
            static_cast<std::int32_t>(item),
            static_cast<std::int32_t>(thread),
            static_cast<std::uint32_t>(line.octets),
            line.uid,
            line.keywords,
            line.flags};
    return true;
  }
  void widen();

  std::int64_t received_ = 0;
  std::uint64_t item_ = 0;
  std::vector<Packed> packed_;
  std::vector<Line> wide_;  // all of them, when one does not fit
};

// Lines in their order, immutable. A copy shares all, and one with a few changes nearly all: a change costs what it is,
// however long the list.
class Lines {
 public:
  class Builder;
  class Edit;
  class const_iterator {
   public:
    using value_type = Line;
    using difference_type = std::ptrdiff_t;
    using reference = Line;
    using pointer = void;
    using iterator_category = std::input_iterator_tag;
    const_iterator() = default;
    const_iterator(const Lines* list, std::size_t chunk, std::size_t at) : list_(list), chunk_(chunk), at_(at) {
      look();
    }
    Line operator*() const { return (*lot_)[at_]; }
    const_iterator& operator++() {
      if (++at_ == size_) {
        ++chunk_;
        at_ = 0;
        look();
      }
      return *this;
    }
    const_iterator operator++(int) {
      const_iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const const_iterator& other) const { return chunk_ == other.chunk_ && at_ == other.at_; }

   private:
    void look() {
      lot_ = chunk_ < list_->chunks_.size() ? list_->chunks_[chunk_].lines.get() : nullptr;
      size_ = lot_ == nullptr ? 0 : lot_->size();
    }
    const Lines* list_ = nullptr;
    const LineLot* lot_ = nullptr;
    std::size_t chunk_ = 0, at_ = 0, size_ = 0;
  };

  Lines() = default;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const_iterator begin() const { return {this, 0, 0}; }
  const_iterator end() const { return {this, chunks_.size(), 0}; }
  // The line at an index up to size(), which is end(). Cost follows the length by a five-hundredth.
  const_iterator from(std::size_t index) const;
  // Where the messages of these UIDs are. Cost follows the length by little where UIDs are in the order of the list.
  std::vector<LineKey> find(const NumberSet& uids) const;
  std::size_t octets() const;

 private:
  static constexpr std::size_t kChunk = 512;
  struct Chunk {
    explicit Chunk(std::shared_ptr<LineLot> of) : lines(std::move(of)) { look(); }
    void look() {
      lowest = std::numeric_limits<account::Uid>::max();
      highest = 0;
      for (std::size_t i = 0; i < lines->size(); ++i) note((*lines)[i].uid);
    }
    void note(account::Uid uid) {
      lowest = std::min(lowest, uid);
      highest = std::max(highest, uid);
    }
    std::shared_ptr<LineLot> lines;                                               // never empty, never over kChunk
    account::Uid lowest = std::numeric_limits<account::Uid>::max(), highest = 0;  // no UID is beyond them
  };
  std::vector<Chunk> chunks_;
  std::size_t size_ = 0;
};

// Makes a list of lines that come in any order; the less it costs the more they come oldest first. One thread.
class Lines::Builder {
 public:
  void add(const Line& line);
  Lines finish() &&;

 private:
  Line at(std::size_t index) const { return (*chunks_[index / kChunk].lines)[index % kChunk]; }
  void set(std::size_t index, const Line& line) { chunks_[index / kChunk].lines->set(index % kChunk, line); }
  void sort();

  std::vector<Chunk> chunks_;  // all full but the last
  std::size_t size_ = 0;
  LineKey last_;
  bool in_order_ = true;
};

// Makes another list of one. One thread.
class Lines::Edit {
 public:
  explicit Edit(const Lines& before) : list_(before) {}
  // Takes the line away; value: as it was.
  std::optional<Line> take(const LineKey& key);
  bool has(const LineKey& key) const;
  void put(const Line& line);  // in the place of one with the same key
  Lines finish() && { return std::move(list_); }

 private:
  std::size_t chunk_for(const LineKey& key) const;  // of a list that is not empty
  LineLot& own(std::size_t at);                     // of a chunk that nobody else has

  Lines list_;
  std::unordered_set<const LineLot*> own_;
};

}  // namespace gatepost::jmap
