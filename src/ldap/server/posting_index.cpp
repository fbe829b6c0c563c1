#include "ldap/server/posting_index.hpp"

#include <utility>

namespace gatepost::ldap::server {
namespace {

constexpr std::size_t kFewGone = 1024;
constexpr std::size_t kListsLookedAt = 4;  // the shortest ones; what is left is looked at anyway
constexpr char kStart = '\x01';

// Calls visit with each trigram; the first of a value that begins here is the mark of the beginning and two octets.
template <class F>
void each_trigram(std::string_view text, bool from_start, F&& visit) {
  const auto octet = [](char c) { return static_cast<std::uint32_t>(static_cast<std::uint8_t>(c)); };
  std::uint32_t window = 0;
  std::size_t filled = 0;
  const auto push = [&](char c) {
    window = (window << 8 | octet(c)) & 0xffffff;
    if (++filled >= 3) visit(window);
  };
  if (from_start) push(kStart);
  for (const char c : text) push(c);
}

}  // namespace

std::optional<Slot> KeyIndex::find(std::uint64_t key) const {
  const auto at = std::ranges::lower_bound(rows_, key, {}, &Row::key);
  return at == rows_.end() || at->key != key || at->slot == kGone ? std::nullopt : std::optional(at->slot);
}

void KeyIndex::set(std::uint64_t key, Slot slot) {
  auto at = rows_.end();
  if (!rows_.empty() && rows_.back().key >= key) at = std::ranges::lower_bound(rows_, key, {}, &Row::key);
  if (at == rows_.end() || at->key != key) {
    rows_.insert(at, {key, slot});
    return;
  }
  if (at->slot == kGone) --gone_;
  at->slot = slot;
}

void KeyIndex::erase(std::uint64_t key) {
  const auto at = std::ranges::lower_bound(rows_, key, {}, &Row::key);
  if (at == rows_.end() || at->key != key || at->slot == kGone) return;
  at->slot = kGone;
  ++gone_;
  if (gone_ < kFewGone || 2 * gone_ < rows_.size()) return;
  std::erase_if(rows_, [](const Row& row) { return row.slot == kGone; });
  gone_ = 0;
}

void KeyIndex::clear() {
  rows_.clear();
  gone_ = 0;
}

void EqualityIndex::add(std::uint64_t hash, Slot slot) {
  if (nodes_.size() >= heads_.size()) grow();
  const std::uint32_t tag = tag_of(hash);
  std::uint32_t& head = heads_[tag & (heads_.size() - 1)];
  nodes_.push_back({tag, slot, head});
  head = static_cast<std::uint32_t>(nodes_.size() - 1);
}

void EqualityIndex::grow() {
  constexpr std::size_t kFirst = 1024;
  heads_.assign(std::max(kFirst, 2 * heads_.size()), kNone);
  for (std::uint32_t at = 0; at < nodes_.size(); ++at) {
    std::uint32_t& head = heads_[nodes_[at].tag & (heads_.size() - 1)];
    nodes_[at].next = head;
    head = at;
  }
}

void SlotSet::add(Slot slot) {
  if (!bits_.empty()) {
    set_bit(slot);
    return;
  }
  if (!slots_.empty() && slots_.back() == slot) return;
  slots_.push_back(slot);
  ++size_;
  // Bits take less from one slot in 32 on. Of short lists there are many, and none is worth a second thought.
  constexpr std::size_t kSlotBits = 8 * sizeof(Slot), kShort = 64;
  if (slots_.size() < kShort || slot >= kSlotBits * slots_.size()) return;
  size_ = 0;
  for (const Slot one : std::exchange(slots_, {})) set_bit(one);
}

void SlotSet::set_bit(Slot slot) {
  const std::size_t word = slot / kWordBits;
  if (word >= bits_.size()) bits_.resize(word + 1);
  const std::uint64_t bit = std::uint64_t{1} << (slot % kWordBits);
  if ((bits_[word] & bit) == 0) ++size_;
  bits_[word] |= bit;
}

bool SlotSet::contains(Slot slot) const {
  if (bits_.empty()) return std::ranges::binary_search(slots_, slot);
  const std::size_t word = slot / kWordBits;
  return word < bits_.size() && (bits_[word] >> (slot % kWordBits) & 1) != 0;
}

void TrigramIndex::add(std::string_view value, Slot slot) {
  each_trigram(value, true, [&](std::uint32_t trigram) { lists_[trigram].add(slot); });
}

std::optional<std::vector<Slot>> TrigramIndex::find(const std::vector<Part>& parts) const {
  std::vector<const SlotSet*> lists;
  bool any = false, missing = false;
  for (const Part& part : parts) {
    each_trigram(part.text, part.from_start, [&](std::uint32_t trigram) {
      any = true;
      const auto found = lists_.find(trigram);
      if (found == lists_.end()) {
        missing = true;
      } else {
        lists.push_back(&found->second);
      }
    });
  }
  if (!any) return std::nullopt;
  if (missing) return std::vector<Slot>();
  std::ranges::sort(lists, {}, [](const auto* list) { return list->size(); });
  lists.erase(std::unique(lists.begin(), lists.end()), lists.end());
  if (lists.size() > kListsLookedAt) lists.resize(kListsLookedAt);
  std::vector<Slot> out;
  lists.front()->each([&](Slot slot) {
    const bool in_all =
        std::all_of(lists.begin() + 1, lists.end(), [&](const auto* list) { return list->contains(slot); });
    if (in_all) out.push_back(slot);
  });
  return out;
}

}  // namespace gatepost::ldap::server
