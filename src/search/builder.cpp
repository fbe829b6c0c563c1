#include "search/builder.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace gatepost::search {
namespace {

// Spreads well enough for words, and takes eight octets at a time. Not for untrusted equality: keys are compared.
std::uint64_t hash_of(std::uint64_t seed, TermKind kind, std::string_view text) {
  std::uint64_t h = seed ^ static_cast<std::uint64_t>(kind);
  const auto mix = [&h](std::uint64_t word) {
    h = (h ^ word) * 0xff51afd7ed558ccd;
    h ^= h >> 32;
  };
  while (text.size() >= 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data(), sizeof word);
    mix(word);
    text.remove_prefix(8);
  }
  std::uint64_t word = text.size();
  for (const char c : text) word = word << 8 | static_cast<unsigned char>(c);
  mix(word);
  return h ^ h >> 29;
}

}  // namespace

void SegmentBuilder::begin(std::uint64_t item, std::uint32_t check) {
  items_.push_back({.id = item, .check = check});
  item_terms_ = 0;
  given_ = false;
}

bool SegmentBuilder::text(std::string_view folded, Fields in) {
  in_ = in;
  given_ = true;
  splitter_.feed(folded, [this](TermKind kind, std::string_view term) { add(kind, term); });
  return !items_.back().incomplete;
}

void SegmentBuilder::end_text() {
  splitter_.end([this](TermKind kind, std::string_view term) { add(kind, term); });
}

void SegmentBuilder::incomplete() { items_.back().incomplete = true; }

bool SegmentBuilder::take_back() {
  if (given_) return false;
  items_.pop_back();
  return true;
}

std::size_t SegmentBuilder::memory() const {
  return items_.size() * sizeof(SegmentItem) + texts_.size() + terms_.size() * (sizeof(Term) + 4) + slots_.size() * 4 +
         postings_.size() * (sizeof(Posting) + 4);
}

void SegmentBuilder::add(TermKind kind, std::string_view text) {
  Term& term = find(kind, text, hash_of(seed_, kind, text));
  const auto item = static_cast<std::uint32_t>(items_.size() - 1);
  if (term.last != 0 && postings_[term.last].item == item) {
    postings_[term.last].fields |= in_;
    return;
  }
  if (++item_terms_ > kMaxItemTerms) {
    items_.back().incomplete = true;
    return;
  }
  postings_.push_back({item, in_});
  before_.push_back(term.last);
  term.last = static_cast<std::uint32_t>(postings_.size() - 1);
}

SegmentBuilder::Term& SegmentBuilder::find(TermKind kind, std::string_view text, std::uint64_t hash) {
  if (terms_.size() * 2 >= slots_.size()) grow();
  const auto short_hash = static_cast<std::uint32_t>(hash >> 32);
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = short_hash & mask;
  for (; slots_[at] != 0; at = (at + 1) & mask) {
    const std::uint32_t i = slots_[at] - 1;
    if (hashes_[i] != short_hash || terms_[i].octets != text.size() + 1) continue;
    const std::string_view key = key_of(terms_[i]);
    if (key.front() == static_cast<char>(kind) && key.substr(1) == text) return terms_[i];
  }
  terms_.push_back({.text = texts_.size(), .octets = static_cast<std::uint32_t>(text.size() + 1)});
  hashes_.push_back(short_hash);
  texts_ += static_cast<char>(kind);
  texts_ += text;
  slots_[at] = static_cast<std::uint32_t>(terms_.size());
  return terms_.back();
}

void SegmentBuilder::grow() {
  slots_.assign(std::max<std::size_t>(slots_.size() * 2, 1 << 10), 0);
  const std::size_t mask = slots_.size() - 1;
  for (std::uint32_t i = 0; i < terms_.size(); ++i) {
    std::size_t at = hashes_[i] & mask;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = i + 1;
  }
}

Result<std::uint64_t> SegmentBuilder::write(const PutBlock& put) {
  std::vector<std::uint32_t> order(terms_.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [this](std::uint32_t i) { return key_of(terms_[i]); });
  SegmentWriter writer(items_, put);
  std::vector<Posting> postings;
  for (const std::uint32_t i : order) {
    postings.clear();
    for (std::uint32_t p = terms_[i].last; p != 0; p = before_[p]) postings.push_back(postings_[p]);
    if (postings.empty()) continue;  // new with what came after an item was full
    std::ranges::reverse(postings);
    GP_CHECK(writer.add(key_of(terms_[i]), postings));
  }
  GP_CHECK(writer.finish());
  return writer.octets();
}

}  // namespace gatepost::search
