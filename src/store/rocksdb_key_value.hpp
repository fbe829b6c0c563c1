#pragma once

#include "store/committer.hpp"
#include "store/key_value.hpp"
#include "store/rocksdb_rows.hpp"
#include "store/watchers.hpp"

namespace gatepost::store {

// Keys in RocksDB. Thread-safe. Everything borrowed outlives it; snapshots must not.
class RocksKeyValue final : public KeyValue {
 public:
  RocksKeyValue(Rows& rows, Committer& committer, Watchers& watchers, SegmentBlobStore& bodies, Log& log)
      : rows_(rows), committer_(committer), watchers_(watchers), bodies_(bodies), log_(log) {}

  // Completes the drops that a crash interrupted. Before use.
  Result<> recover();

  Result<std::unique_ptr<Snapshot>> snapshot(Partition, std::chrono::seconds max_age) override;
  Result<Version> commit(Partition, Version expected, const Batch&) override;
  Result<bool> outcome(Partition, const CommitId&) override;
  Result<Version> version(Partition) override;
  Result<bool> referenced(const BlobId&) override;
  Result<> partitions(const std::function<bool(Partition)>& visit) override;
  std::unique_ptr<Subscription> watch(std::function<void(Partition, Version)>) override;
  Result<> drop(Partition) override;

 private:
  Result<> drop_references(Partition partition);

  Rows& rows_;
  Committer& committer_;
  Watchers& watchers_;
  SegmentBlobStore& bodies_;
  Log& log_;
};

}  // namespace gatepost::store
