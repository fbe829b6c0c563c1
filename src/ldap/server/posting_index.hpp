#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gatepost::ldap::server {

using Slot = std::uint32_t;

// Which slots have a value: by its hash, so that what is found has to be looked at. Only grows. Not thread-safe.
class EqualityIndex {
 public:
  void add(std::uint64_t hash, Slot slot);
  // Calls visit(slot), the ones added last first.
  template <class F>
  void find(std::uint64_t hash, F&& visit) const {
    if (heads_.empty()) return;
    const std::uint32_t tag = tag_of(hash);
    for (std::uint32_t at = heads_[tag & (heads_.size() - 1)]; at != kNone; at = nodes_[at].next) {
      if (nodes_[at].tag == tag) visit(nodes_[at].slot);
    }
  }
  std::size_t size() const { return nodes_.size(); }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }
  void grow();

  struct Node {
    std::uint32_t tag;  // half of the hash: enough to find a place by and to tell most others from it
    Slot slot;
    std::uint32_t next;
  };
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> heads_;  // as many as a power of two
};

// Which slot the entry of a key is in. Keys mostly come in ascending order, and few go: a list in order takes a quarter
// of a map's room and is gone through as it lies. Not thread-safe.
class KeyIndex {
 public:
  std::optional<Slot> find(std::uint64_t key) const;
  void set(std::uint64_t key, Slot slot);
  void erase(std::uint64_t key);
  void clear();
  std::size_t size() const { return rows_.size() - gone_; }
  // Calls visit(slot) for those of keys above `after`, in order, until it returns false.
  template <class F>
  void each_after(std::uint64_t after, F&& visit) const {
    for (auto at = std::ranges::upper_bound(rows_, after, {}, &Row::key); at != rows_.end(); ++at) {
      if (at->slot != kGone && !visit(at->slot)) return;
    }
  }
  // Puts renumbered(slot) in place of each slot, in the order of the keys.
  template <class F>
  void renumber(F&& renumbered) {
    for (Row& row : rows_) {
      if (row.slot != kGone) row.slot = renumbered(row.slot);
    }
  }

 private:
  static constexpr Slot kGone = 0xffffffff;
  struct Row {
    std::uint64_t key = 0;
    Slot slot = 0;
  };
  std::vector<Row> rows_;
  std::size_t gone_ = 0;  // rows without a slot: few, or they are taken out
};

// Slots in ascending order: each by its number, or, where they are close together, a bit for each that could be.
class SlotSet {
 public:
  void add(Slot slot);  // no smaller than those that are there
  std::size_t size() const { return size_; }
  bool contains(Slot slot) const;
  template <class F>
  void each(F&& visit) const {
    for (const Slot slot : slots_) visit(slot);
    for (std::size_t word = 0; word < bits_.size(); ++word) {
      for (std::uint64_t left = bits_[word]; left != 0; left &= left - 1) {
        visit(static_cast<Slot>(word * kWordBits + static_cast<unsigned>(std::countr_zero(left))));
      }
    }
  }

 private:
  static constexpr std::size_t kWordBits = 64;
  void set_bit(Slot slot);

  std::vector<Slot> slots_;          // empty once there are bits
  std::vector<std::uint64_t> bits_;  // empty until then
  std::uint32_t size_ = 0;
};

// Which slots have a value with some three octets in a row; the beginning of a value counts as an octet of its own.
// Slots come in ascending order. Only grows. Not thread-safe.
class TrigramIndex {
 public:
  // A slot's values one after the other; never an older slot again.
  void add(std::string_view value, Slot slot);

  // Slots that have all trigrams of all parts, or nullopt when the parts have none. May have slots too many.
  struct Part {
    std::string_view text;
    bool from_start = false;
  };
  std::optional<std::vector<Slot>> find(const std::vector<Part>& parts) const;

 private:
  std::unordered_map<std::uint32_t, SlotSet> lists_;
};

}  // namespace gatepost::ldap::server
