#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "store/blob_id.hpp"

namespace gatepost::store {

// The unit of consistency: an account, the directory, a queue shard. Low numbers are reserved (see keys.hpp).
enum class Partition : std::uint64_t {};
// A partition's version: 0 before its first commit; every commit makes exactly one, by adding 1 (and Batch::skip). An
// account's modseq.
using Version = std::uint64_t;
// Random; answers "did my commit land?" after a lost connection to a remote engine.
using CommitId = std::array<std::uint8_t, 16>;

inline constexpr std::size_t kMaxKeyOctets = 480;
inline constexpr std::size_t kMaxValueOctets = 64 << 10;
inline constexpr std::size_t kMaxBatchOctets = 4 << 20;

struct Write {
  std::string key;
  std::optional<std::string> value;  // none = erase
};
struct RangeErase {
  std::string begin, end;  // [begin, end)
};
// One item's use of a body. Presence, not a counter, so adding twice is harmless. Written with the batch.
struct BlobRef {
  BlobId blob;
  std::uint64_t item;
  bool add;
};
struct Batch {
  std::vector<Write> writes;
  std::vector<RangeErase> erases;  // applied before writes
  std::vector<BlobRef> refs;
  Version skip = 0;  // versions that are left out before the one this makes: they may have been given before a restore
  CommitId id{};     // all zero = nobody will ask outcome()
};
struct Entry {
  std::string_view key, value;  // valid during the visit
};

// A consistent view of one partition at one version. Used by one thread at a time. Keys are without the partition
// prefix.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual Version version() const = 0;
  virtual Result<std::optional<std::string>> get(std::string_view key) = 0;
  virtual Result<std::vector<std::optional<std::string>>> get_many(std::span<const std::string_view> keys) = 0;
  // Visits [begin, end) in key order (or backwards); visit returns false to stop. Holds at most `page` entries in
  // memory. An empty `end` means the end of the partition.
  virtual Result<> scan(std::string_view begin, std::string_view end, bool descending, std::size_t page,
                        const std::function<bool(Entry)>& visit) = 0;
  // What is scanned from now on will not be wanted again soon: it is not left in memory.
  virtual void pass_by() {}
};

// Destroying it ends the subscription; after that the callback is not running and will not run again.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

// Ordered keys and values with one commit at a time per partition. Thread-safe; every call may block on the disk.
class KeyValue {
 public:
  virtual ~KeyValue() = default;
  // A snapshot should live no longer than `max_age`: a slower reader re-opens and goes on after its last key. Engines
  // that pin old data for a snapshot may answer Errc::conflict to reads from an overdue one.
  virtual Result<std::unique_ptr<Snapshot>> snapshot(Partition, std::chrono::seconds max_age) = 0;
  // Ok: atomic and durable (bodies that `refs` add are durable too), value = the new version,
  // expected + 1 + skip. Errc::conflict: the
  // partition is not at `expected`, nothing was written. Errc::disk_full / read_only: nothing written.
  // Errc::unknown_outcome: ask outcome(). Errc::too_large: over a limit above. Concurrent commits share one sync.
  virtual Result<Version> commit(Partition, Version expected, const Batch&) = 0;
  virtual Result<bool> outcome(Partition, const CommitId&) = 0;
  virtual Result<Version> version(Partition) = 0;
  // Does any item anywhere use this body? For the collector.
  virtual Result<bool> referenced(const BlobId&) = 0;
  // Partitions that hold anything, in order, visit returns false to stop.
  virtual Result<> partitions(const std::function<bool(Partition)>& visit) = 0;
  // A hint after a commit: may be late, merged or lost; listeners compare versions. Never called on the commit path of
  // the caller's thread while holding locks; the callback must not block.
  virtual std::unique_ptr<Subscription> watch(std::function<void(Partition, Version)>) = 0;
  // Everything under the partition, references included. Its version starts again from 0.
  virtual Result<> drop(Partition) = 0;
};

}  // namespace gatepost::store
