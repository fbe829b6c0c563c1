#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "store/blob_id.hpp"
#include "store/blob_store.hpp"
#include "store/key_value.hpp"

namespace gatepost::store {

struct Options {
  std::string engine = "rocksdb";   // "rocksdb" or "memory"
  std::filesystem::path directory;  // of this store alone; created when missing
  std::size_t cache_octets = 64 << 20;
  int compression_level = 1;               // zstd; 0 = bodies are stored as they are
  std::uint64_t reserve_octets = 1 << 30;  // below this much free space new bodies are refused (disk_full);
  int reserve_percent = 5;                 // the smaller of the two reserves counts
  std::chrono::hours collect_after{24};
  bool read_only = false;  // for tools beside a stopped server
};

// The store was opened as a backup for the first time: what had been committed in the `lost` time before is not in it,
// though clients may have been told of it.
struct Restore {
  TimePoint at;               // whole seconds; later than those before
  std::chrono::seconds lost;  // from the making of the backup to `at`
};

// Keys and bodies of one engine, opened together. Thread-safe.
class Store {
 public:
  virtual ~Store() = default;
  virtual KeyValue& keys() = 0;
  virtual BlobStore& bodies() = 0;
  // Free space fell below the reserve: new bodies are refused, deletes and flag changes still commit (a ballast file is
  // released for them). Ends by itself.
  virtual bool disk_low() const = 0;
  // A consistent copy into the empty or missing directory `to` while the store is in use; resumable by calling again
  // after removing `to`. Opening `to` as a store restores it, and restores() says so from then on. Immutable files are
  // hard-linked when on the same file system.
  virtual Result<> backup(const std::filesystem::path& to, std::stop_token) = 0;
  // Oldest first. Whoever gives out numbers that must not be given twice looks here (Batch::skip).
  virtual std::vector<Restore> restores() const = 0;
  // Reads everything, verifies checksums; calls `problem` for each finding and goes on. Online.
  struct Finding {
    std::string where, what;
  };
  virtual Result<> check(const std::function<void(const Finding&)>& problem, std::stop_token) = 0;
  // The last check() found that this body is missing or damaged.
  virtual bool is_damaged(const BlobId&) const = 0;
  // Mends what follows from the rest: rows of bodies are found again in the files, versions and references from other
  // rows. `mended` hears of each. Online; before a check(), which tells what is left.
  virtual Result<> repair(const std::function<void(const Finding&)>& mended, std::stop_token) = 0;
  // One round of the collector (the daemon calls it now and then).
  virtual Result<std::uint64_t> collect(std::stop_token) = 0;
};

// Opens or creates. Recovery after a crash happens here: the key engine replays its log, segment tails are cut at the
// first bad record. `log`, `metrics`, `clock` outlive the store. Errc::unavailable when another process has it open.
Result<std::unique_ptr<Store>> open(const Options&, Log& log, Metrics& metrics, const Clock& clock);

// Makes sure that the copy of a store in `directory` counts as a backup when it is opened, also when it was not made by
// backup() but with the means of a file system: then of the time at which the files of `original`, which it was copied
// from, were last written to. `original` may be `directory` itself, and may be damaged.
Result<> mark_as_backup(const std::filesystem::path& directory, const std::filesystem::path& original);

}  // namespace gatepost::store
