#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "store/key_value.hpp"
#include "store/watchers.hpp"

namespace gatepost::store {

class MemoryBlobStore;

// Ordered maps whose rows keep the versions that live snapshots still see. Thread-safe (one lock). `bodies` outlives
// it; snapshots must not outlive it.
class MemoryKeyValue final : public KeyValue {
 public:
  explicit MemoryKeyValue(MemoryBlobStore& bodies) : bodies_(bodies) {}

  Result<std::unique_ptr<Snapshot>> snapshot(Partition, std::chrono::seconds max_age) override;
  Result<Version> commit(Partition, Version expected, const Batch&) override;
  Result<bool> outcome(Partition, const CommitId&) override;
  Result<Version> version(Partition) override;
  Result<bool> referenced(const BlobId&) override;
  Result<> partitions(const std::function<bool(Partition)>& visit) override;
  std::unique_ptr<Subscription> watch(std::function<void(Partition, Version)>) override;
  Result<> drop(Partition) override;

  // Calls `problem` for each reference to a body that is not stored.
  void dangling(const std::function<void(const BlobId&, Partition, std::uint64_t item)>& problem);

 private:
  class View;
  struct Cell {
    Version version;
    std::optional<std::string> value;  // none = erased
  };
  struct Rows {
    Version version = 0;
    std::map<std::string, std::vector<Cell>, std::less<>> rows;  // cells in order of version, never empty
    std::multiset<Version> snapshots;
    std::set<std::string> untidy;  // rows with cells that only a snapshot needed
    std::map<CommitId, Version> commits;
  };
  using Reference = std::pair<Partition, std::uint64_t>;

  static void put(Rows& rows, Version at, const std::string& key, std::optional<std::string> value);
  static void erase(Rows& rows, Version at, const RangeErase& range);
  static void tidy(Rows& rows, const std::string& key);

  MemoryBlobStore& bodies_;
  std::mutex mutex_;                                       // guards what follows
  std::map<Partition, std::shared_ptr<Rows>> partitions_;  // shared with snapshots, which outlive drop()
  std::map<BlobId, std::set<Reference>> references_;
  Watchers watchers_;  // has its own lock
};

}  // namespace gatepost::store
