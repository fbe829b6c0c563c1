#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "store/key_value.hpp"
#include "store/rocksdb_rows.hpp"
#include "store/segment_blob_store.hpp"
#include "store/watchers.hpp"

namespace gatepost::store {

// Versions of the partitions that were committed to lately. Not thread-safe.
class VersionCache {
 public:
  const Version* find(Partition partition);
  void set(Partition partition, Version version);
  void forget(Partition partition);

 private:
  // Two generations: when the young one is full it becomes the old one, and what was not asked for since is dropped.
  static constexpr std::size_t kGeneration = 32 << 10;
  std::unordered_map<Partition, Version> young_, old_;
};

// Makes commits durable in groups: callers queue; the first becomes the leader, takes all that are queued, checks their
// versions, syncs the segments that hold their bodies, writes one batch with one sync and wakes the others. The next
// leader is whoever queued first meanwhile; while the log is being synced it syncs the bodies of those that queue with
// it, so that both syncs of a group overlap with those of its neighbours. Thread-safe. Everything borrowed outlives it.
class Committer final : public Exclusive {
 public:
  Committer(Rows& rows, SegmentBlobStore& bodies, DiskSpace& space, Watchers& watchers, Log& log, Metrics& metrics);
  ~Committer() override;

  Result<Version> commit(Partition partition, Version expected, const Batch& batch);
  // `work` runs on the caller's thread or another one that waits for its own commit.
  Result<> run(const std::function<Result<>()>& work) override;
  // From within run(): the partition's version was changed by other means.
  void forget_version(Partition partition) { versions_.forget(partition); }
  // From within run(): commits to it are refused until it is released.
  void block(Partition partition, bool blocked);

 private:
  struct Request;
  void submit(Request& request);
  void take(std::size_t most);
  std::size_t sync_ahead();
  void begin_next();
  // An exception here would leave everybody else waiting for ever: better to end and recover.
  void lead(std::span<Request* const> requests) noexcept;
  std::size_t lead_commits(std::span<Request* const> requests);
  Result<std::size_t> prepare(std::span<Request* const> requests, const Error* lost);
  Result<> accept(Request& request, const Error* lost);
  void put(const Request& request);
  Result<Version> current_version(Partition partition);
  void fail_accepted(std::span<Request* const> requests, const Error& error);

  Rows& rows_;
  SegmentBlobStore& bodies_;
  DiskSpace& space_;
  Watchers& watchers_;
  Log& log_;
  Counter& commits_;
  Counter& conflicts_;
  Counter& groups_;

  std::mutex mutex_;  // guards queue_ and leading_
  std::vector<Request*> queue_;
  bool leading_ = false;

  // What follows belongs to the leader, of whom there is one at a time.
  std::vector<Request*> taken_;
  VersionCache versions_;
  std::vector<Partition> blocked_;
  RowBatch batch_;
  SegmentBlobStore::Settling settling_;
};

}  // namespace gatepost::store
