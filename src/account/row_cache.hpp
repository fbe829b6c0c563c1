#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "account/records.hpp"
#include "account/types.hpp"
#include "base/number_set.hpp"
#include "base/result.hpp"

namespace gatepost::account {

// The rows of one chunk of a folder's UIDs (records::kChunkUids of them) as they were at one version: 36 octets each.
// Immutable, so shared between threads.
class RowChunk {
 public:
  // `rows` ascending, all of one chunk. Null when one of them does not fit the packed form (decades between two
  // messages, more than 255 combinations of keywords): such a chunk is not worth keeping.
  static std::shared_ptr<const RowChunk> pack(std::span<const Row> rows, Modseq at);
  // The same row by row.
  class Packer {
   public:
    Packer();
    void add(const Row& row);
    std::shared_ptr<const RowChunk> finish(Modseq at);  // once

   private:
    std::shared_ptr<RowChunk> chunk_;  // null when a row did not fit
    std::size_t last_list_ = 0;        // of keywords
  };
  // As it is after a commit that left these rows so (null: gone); UIDs ascending, all of this chunk. Null when they do
  // not fit, or nothing is left.
  struct Change {
    Uid uid = 0;
    const Row* row = nullptr;
  };
  std::shared_ptr<const RowChunk> changed(std::span<const Change> changes, Modseq at) const;

  Modseq at() const { return at_; }
  std::size_t size() const { return rows_.size(); }
  std::size_t octets() const;  // of memory, about
  Uid uid(std::size_t i) const { return first_ + rows_[i].uid; }
  bool has_same_rows(const RowChunk& other) const;
  // Over whatever `row` held; what it has allocated is used again.
  void unpack(std::size_t i, Row& row) const;
  // Those of `wanted`, ascending; `visit` may take the row. False: it has had enough.
  template <class Visit>
  bool visit(const NumberSet& wanted, const Visit& visit) const {
    Row row;
    for (const NumberSet::Range& range : wanted.ranges()) {
      for (std::size_t i = position(range.first); i < rows_.size() && uid(i) <= range.last; ++i) {
        unpack(i, row);
        if (!visit(row)) return false;
      }
    }
    return true;
  }

  // As one value, and back as of a version (row_chunk_codec.cpp). A chunk without rows has no encoding. Errc::corrupt;
  // Errc::unsupported for a later format.
  std::string encode() const;
  static Result<std::shared_ptr<const RowChunk>> decode(std::string_view value, Modseq at);

 private:
  static constexpr std::size_t kMaxKeywordLists = 256;
  struct Packed {
    std::uint16_t uid;  // less first_; 0 of the first row
    std::uint8_t flags, keywords;
    std::uint32_t octets;
    std::int32_t received, saved;  // seconds after received_ and saved_
    Modseq modseq;
    ItemId item;
  };
  static constexpr std::int32_t kNoTime = INT32_MIN;
  bool add(const Row& row, std::size_t& list);        // behind all others; false: it does not fit
  bool find_list(const Row& row, std::size_t& list);  // of its keywords, which is added if need be
  // What most chunks are without begins with the first row that has it.
  void add_id(std::vector<ItemId>& ids, const Row& row, ItemId id) const;
  std::size_t position(Uid uid) const;  // of the first row that is not below
  Modseq at_ = 0;
  Uid first_ = 0;
  TimePoint received_{}, saved_{};
  std::vector<Packed> rows_;
  std::vector<ItemId> threads_;                   // of each row; empty when each is a conversation of its own
  std::vector<ItemId> emails_;                    // of each row; empty when none is a copy
  std::vector<std::int32_t> sent_;                // seconds after received_, or kNoTime; empty when of none is known
  std::vector<std::vector<KeywordId>> keywords_;  // [0] is empty
};

// Chunks that were read whole, of all accounts, so that a client that asks for the flags of everything does not read
// and decode everything again. The least recently used ones go when there are more than max_octets. Thread-safe.
//
// Nothing is ever taken back: whoever asks says since when the chunk has not changed, and an older one is dropped.
class RowCache {
 public:
  explicit RowCache(std::size_t max_octets) : max_octets_(max_octets) {}
  // A number for Key::owner. What is under another owner is never found.
  std::uint64_t new_owner();
  bool enabled() const { return max_octets_ > 0; }

  struct Key {
    std::uint64_t owner = 0;
    FolderId folder{};
    std::uint32_t chunk = 0;
    bool operator==(const Key&) const = default;
  };
  // Null: there is none as of `changed` or later.
  std::shared_ptr<const RowChunk> find(const Key& key, Modseq changed);
  void put(const Key& key, std::shared_ptr<const RowChunk> chunk);
  std::size_t octets() const;

 private:
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  struct Entry {
    Key key;
    std::shared_ptr<const RowChunk> chunk;
  };
  using Entries = std::list<Entry>;
  void drop(Entries::iterator entry);

  const std::size_t max_octets_;
  mutable std::mutex mutex_;
  std::uint64_t owners_ = 0;
  std::size_t octets_ = 0;
  Entries entries_;  // the most recently used first
  std::unordered_map<Key, Entries::iterator, KeyHash> index_;
};

}  // namespace gatepost::account
