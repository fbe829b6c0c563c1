#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "search/segment.hpp"
#include "search/terms.hpp"

namespace gatepost::search {

// Of one item; what it has more is not kept, and the item is looked into whenever the rest does not match.
inline constexpr std::size_t kMaxItemTerms = 50'000;

// Takes the text of items, one after the other, and makes a segment of them. One thread.
class SegmentBuilder {
 public:
  // The seed is random where mail of strangers comes in: nobody can choose words that collide.
  explicit SegmentBuilder(std::uint64_t seed = 0x9e3779b97f4a7c15) : seed_(seed) {}
  void begin(std::uint64_t item, std::uint32_t check);  // ids ascend
  // Folded text that stands in `in`, in pieces that end between code points. False: the item is full; no more need
  // come.
  bool text(std::string_view folded, Fields in);
  void end_text();    // nothing is found across this
  void incomplete();  // not all of the item's text was there
  // Takes back the item that was begun last. False: it cannot, for some of its text was given already.
  bool take_back();

  std::size_t items() const { return items_.size(); }
  std::size_t memory() const;  // octets, about
  // What was taken, as a segment; its octets. Nothing more can be taken afterwards.
  Result<std::uint64_t> write(const PutBlock& put);

 private:
  struct Term {
    std::uint64_t text = 0;  // in texts_
    std::uint32_t octets = 0;
    std::uint32_t last = 0;  // its last posting
  };
  void add(TermKind kind, std::string_view text);
  Term& find(TermKind kind, std::string_view text, std::uint64_t hash);
  void grow();
  std::string_view key_of(const Term& term) const { return std::string_view(texts_).substr(term.text, term.octets); }

  const std::uint64_t seed_;
  std::vector<SegmentItem> items_;
  std::string texts_;  // the keys of all terms
  std::vector<Term> terms_;
  std::vector<std::uint32_t> slots_;      // a hash table: places in terms_, from 1
  std::vector<std::uint32_t> hashes_;     // of terms_
  std::vector<Posting> postings_{1};      // [0] is none
  std::vector<std::uint32_t> before_{0};  // of each posting: the one before it of the same term
  Splitter splitter_;
  Fields in_ = 0;
  bool given_ = false;  // some text of the last item
  std::size_t item_terms_ = 0;
};

}  // namespace gatepost::search
