#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "search/bits.hpp"
#include "search/postings.hpp"
#include "search/terms.hpp"

// A segment: some items of an account and all their terms, written once and read often. It is made of blocks, which
// whoever keeps them checks for damage; docs/formats/search.md has every octet. A segment that does not fit together
// is Errc::corrupt.
namespace gatepost::search {

// An item within a segment.
struct SegmentItem {
  std::uint64_t id = 0;     // account::ItemId
  std::uint32_t check = 0;  // of what the item's row says; another item under the same number differs
  bool incomplete = false;  // not all of its text is in the segment
  bool operator==(const SegmentItem&) const = default;
};
std::uint32_t item_check(std::uint64_t octets, std::uint64_t received_seconds);

using PutBlock = std::function<Result<>(std::uint32_t number, std::string_view block)>;
using GetBlock = std::function<Result<std::string>(std::uint32_t number)>;

// A term as it is sorted: its kind, then its octets.
std::string term_key(TermKind kind, std::string_view text);

// Writes a segment. Terms come in ascending order.
class SegmentWriter {
 public:
  // At most kMaxItems, ascending.
  SegmentWriter(std::vector<SegmentItem> items, PutBlock put);
  Result<> add(std::string_view key, std::span<const Posting> postings);
  Result<> finish();
  std::uint64_t octets() const { return octets_; }  // of all blocks

 private:
  struct Entry {
    std::string first;
    std::uint64_t postings = 0;  // where those of its first term begin
  };
  Result<> put(std::uint32_t number, std::string_view block);
  Result<> end_dictionary_block();
  Result<> put_full_postings(bool all);

  const std::vector<SegmentItem> items_;
  const PutBlock put_;
  std::vector<Entry> directory_;
  std::string dictionary_, last_, postings_;
  std::uint64_t postings_begin_ = 0;  // of postings_, in all postings
  std::uint32_t posting_blocks_ = 0;
  std::uint64_t octets_ = 0;
};

inline constexpr std::size_t kMaxItems = std::size_t{1} << 31;

// What a segment holds, but for terms and postings.
class SegmentContents {
 public:
  static Result<SegmentContents> read(const GetBlock& get);
  const std::vector<SegmentItem>& items() const { return items_; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(items_.size()); }

 private:
  friend class SegmentReader;
  friend class SegmentCursor;
  struct Entry {
    std::string first;
    std::uint64_t postings = 0;
  };
  std::vector<SegmentItem> items_;
  std::vector<Entry> directory_;
  std::uint64_t posting_octets_ = 0;
};

// Looks up terms. Borrows both. Keeps the last posting blocks it read.
class SegmentReader {
 public:
  SegmentReader(const SegmentContents& contents, const GetBlock& get) : contents_(contents), get_(get) {}

  // Where found items go: those that have it in one of `fields`.
  struct Target {
    Fields fields = 0;
    Bits* items = nullptr;
  };
  // Finds items with a term of this kind that is `text`, or begins with, ends with or contains it. Costs the dictionary
  // of that kind, but for `equal` and `begins`, which look up.
  enum class Match : std::uint8_t { equal, begins, ends, contains };
  Result<> find(TermKind kind, std::string_view text, Match match, std::span<const Target> targets);
  // All whole words, ascending, with how many octets their postings have. Costs the dictionary of words.
  Result<> words(const std::function<void(std::string_view word, std::uint64_t octets)>& visit);

 private:
  Result<> add(std::uint64_t begin, std::uint64_t octets, std::span<const Target> targets);
  Result<std::string_view> postings(std::uint64_t begin, std::uint64_t octets);

  const SegmentContents& contents_;
  const GetBlock& get_;
  std::uint32_t kept_number_ = 0;
  std::string kept_, joined_;
};

// Goes through all terms, ascending. Borrows both.
class SegmentCursor {
 public:
  SegmentCursor(const SegmentContents& contents, const GetBlock& get) : contents_(contents), get_(get) {}
  // False: there are no more.
  Result<bool> next();
  const std::string& key() const { return key_; }
  // Of the term at hand; valid until next().
  std::string_view postings() const { return postings_; }

 private:
  Result<> more_postings(std::size_t octets);

  const SegmentContents& contents_;
  const GetBlock& get_;
  std::string dictionary_, key_, buffer_;
  std::size_t block_ = 0, at_ = 0, used_ = 0;
  std::uint32_t next_postings_ = 0;
  std::string_view postings_;
};

}  // namespace gatepost::search
