#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "account/row_cache.hpp"
#include "base/number_set.hpp"
#include "store/key_value.hpp"

namespace gatepost::account {

// Rows that lie together on disk: those of a chunk of a folder's UIDs in one value, so that who looks at a whole folder
// reads some hundred values in place of a hundred thousand. Copies of what the accounts' own partitions have: written
// when nothing waits for it, thrown away when in doubt, in a partition of their own (docs/formats/derived.md). All
// accounts'. Thread-safe; blocks on the disk.
class RowPacks {
 public:
  explicit RowPacks(store::KeyValue& keys) : keys_(keys) {}

  // Which chunks of a folder are there, and as of when: what has not changed after `as_of` is as it was packed.
  struct Catalogue {
    Modseq as_of = 0;
    std::uint32_t uid_validity = 0;
    NumberSet chunks;  // each number + 1
    bool has(std::uint32_t chunk) const { return chunks.contains(chunk + 1); }
  };
  Result<std::unique_ptr<store::Snapshot>> snapshot();
  // Nullopt: there is none, or one that cannot be read.
  static Result<std::optional<Catalogue>> catalogue(store::Snapshot& snapshot, AccountId account, FolderId folder);
  static Result<std::vector<FolderId>> folders(store::Snapshot& snapshot, AccountId account);
  Result<std::vector<AccountId>> accounts();
  // As they are encoded; nullopt: not there.
  static Result<std::optional<std::string>> read(store::Snapshot& snapshot, AccountId account, FolderId folder,
                                                 std::uint32_t chunk);

  // The same of all chunks from `first` on, ascending; what is given is valid for the call. `visit` returns false to
  // stop.
  static Result<> scan(store::Snapshot& snapshot, AccountId account, FolderId folder, std::uint32_t first,
                       const std::function<bool(std::uint32_t chunk, std::string_view value)>& visit);

  struct Pack {
    std::uint32_t chunk = 0;
    std::shared_ptr<const RowChunk> rows;
  };
  // `kept` with `packs`, which are more or newer ones, takes the place of what is there; `dropped` are chunks that are
  // not true any more. `afresh`: nothing that is there is true. Value: the catalogue that is there then.
  Result<Catalogue> write(AccountId account, FolderId folder, Catalogue kept, std::span<const Pack> packs,
                          const NumberSet& dropped, bool afresh);
  Result<> erase(AccountId account, FolderId folder);  // costs next to nothing when there is none
  Result<> erase(AccountId account);

  // Folders of which so much was read row by row that packing it is worth it. At most kMaxWanted are remembered.
  using Wanted = std::pair<AccountId, FolderId>;
  void want(Wanted folder);
  std::set<Wanted> take_wanted();

 private:
  static constexpr std::size_t kMaxWanted = 4'096;
  store::KeyValue& keys_;
  std::mutex mutex_;  // guards what follows
  std::set<Wanted> wanted_;
};

}  // namespace gatepost::account
