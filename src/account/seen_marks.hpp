#pragma once

#include <bitset>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "account/records.hpp"
#include "store/key_value.hpp"

namespace gatepost::account {

// Which messages of one chunk of a folder (records::kChunkUids) one reader has seen, and when each became so or ceased
// to be. A value.
class SeenMarks {
 public:
  explicit SeenMarks(std::uint32_t chunk) : chunk_(chunk) {}

  // UIDs are of the chunk.
  bool seen(Uid uid) const { return seen_[at(uid)]; }
  Modseq modseq(Uid uid) const { return changed_.empty() ? 0 : changed_[at(uid)]; }  // 0: never touched
  void mark(Uid uid, bool seen, Modseq modseq);                                      // modseq: not 0
  void forget(Uid uid);
  bool empty() const { return newest() == 0; }  // nothing was ever touched
  std::uint32_t count() const { return static_cast<std::uint32_t>(seen_.count()); }
  Modseq newest() const;
  NumberSet seen_uids() const;
  NumberSet touched() const { return changed(0, ~Modseq{0}); }
  NumberSet changed(Modseq since, Modseq upto) const;  // behind `since`, up to and with `upto`

  // Lays it over a row of the chunk as the account has it.
  void show(Row& row) const;

  std::string encode() const;  // not of an empty one
  // Errc::corrupt, Errc::unsupported.
  static Result<SeenMarks> decode(std::uint32_t chunk, std::string_view value);

 private:
  std::size_t at(Uid uid) const { return uid % records::kChunkUids; }
  Uid uid(std::size_t at) const { return chunk_ * records::kChunkUids + static_cast<Uid>(at); }

  std::uint32_t chunk_;
  std::bitset<records::kChunkUids> seen_;
  std::vector<Modseq> changed_;  // empty, or one for each UID
};

// The chunks that hold any of these UIDs, ascending. Cost follows the chunks.
std::vector<std::uint32_t> chunks_of(const NumberSet& uids, const NumberSet& and_these = {});

// What a reader has of some chunks of a folder.
class SeenPage {
 public:
  // Those of `uids`. What cannot be read is told to `damaged`, and left out.
  static Result<SeenPage> read(store::Snapshot& snapshot, FolderId folder, Reader reader, const NumberSet& uids,
                               const std::function<void(std::uint32_t chunk, const Error&)>& damaged);
  const SeenMarks* of(std::uint32_t chunk) const;  // null: nothing
  void show(Row& row) const;

 private:
  std::map<std::uint32_t, SeenMarks> chunks_;
};

}  // namespace gatepost::account
