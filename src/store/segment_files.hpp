#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "store/disk.hpp"
#include "store/root_keys.hpp"

namespace gatepost::store {

// The files that hold bodies: numbered segments, to the last of which records are appended, and own files of one record
// each. Knows nothing of rows. Thread-safe unless said otherwise.
class SegmentFiles {
 public:
  struct Limits {
    std::uint64_t segment_octets = 128 << 20;  // a segment that has reached this is not appended to
    std::size_t open_files = 256;              // descriptors kept for reading
  };
  // A segment that has been appended to since the store was opened. Shared by the bodies in it that no row names yet.
  struct Appending {
    std::uint32_t number = 0;
    Fd fd;
    std::uint64_t end = 0;                  // reserved up to here; guarded by the SegmentFiles' lock
    std::uint64_t prepared = 0;             // zeros from there up to here; likewise
    std::atomic<std::uint64_t> written{0};  // records completely written
    std::atomic<std::uint32_t> writers{0};  // appends whose outcome is not yet recorded by the caller
    std::mutex sync_mutex;                  // one sync at a time: an error is told to one of two callers only
    std::atomic<std::uint64_t> synced{0};   // of `written`
    std::atomic<bool> lost{false};          // a sync failed: what was not synced before may be gone
  };
  struct Appended {
    std::shared_ptr<Appending> segment;
    std::uint64_t offset = 0;
    std::uint64_t ticket = 0;  // durable once segment->synced has reached it
  };

  SegmentFiles(std::filesystem::path directory, Disk& disk, Limits limits);
  ~SegmentFiles();

  Result<> create_directories();
  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path segment_path(std::uint32_t number) const;
  std::filesystem::path own_path(std::uint64_t name) const;  // of a body that rows name
  std::filesystem::path new_path(std::uint64_t name) const;  // of one that none names yet
  std::filesystem::path new_directory() const;
  Result<std::vector<std::uint32_t>> segment_numbers() const;  // ascending
  Result<std::vector<std::uint64_t>> new_names() const;

  // Where appending goes on: behind `end` of segment `number`. Before the first append.
  Result<> begin(std::uint32_t number, std::uint64_t end);
  std::uint32_t current() const;
  // Writes a record at the end, not yet durable. The caller says release() when it has noted where the record lies.
  Result<Appended> append(std::string_view record);
  static void release(Appending& segment) { --segment.writers; }
  // Makes all that is written durable. After a failure nothing more is appended to the segment.
  Result<> sync(Appending& segment);
  // The same for the segment that is appended to, if something in it is not. Failures come up again in sync().
  void sync_current();
  // No append to segment `number` is under way, and none will be.
  bool is_closed(std::uint32_t number) const;

  struct OwnFile {
    std::uint64_t name = 0;
    Fd fd;
  };
  Result<OwnFile> create_own();
  Result<> adopt_own(std::uint64_t name);  // from its new path to its own
  void discard_own(std::uint64_t name);

  // A descriptor for reading, cached. Errc::not_found when the file has gone.
  Result<std::shared_ptr<const Fd>> reading(Location::Kind kind, std::uint64_t file);
  // Gives back the space of a record. Its header stays, so that the file can still be walked; a file that a backup
  // shares (by a hard link) is left as it is.
  Result<> punch(const Location& location);
  void remove(Location::Kind kind, std::uint64_t file);
  static bool shared_with_backup(int fd);

 private:
  using FileKey = std::pair<Location::Kind, std::uint64_t>;
  Result<std::shared_ptr<Appending>> open_appending(std::uint32_t number, std::uint64_t end, bool create);
  void prepare(Appending& segment, std::size_t octets);
  static void cut(Appending& segment);
  void forget(const FileKey& key);

  const std::filesystem::path directory_;
  Disk& disk_;
  const Limits limits_;
  mutable std::mutex append_mutex_;  // guards current_, retired_ and Appending::end
  std::shared_ptr<Appending> current_;
  std::vector<std::weak_ptr<Appending>> retired_;  // no longer current, perhaps with appends under way
  std::mutex cache_mutex_;                         // guards the two below
  struct Cached {
    std::shared_ptr<const Fd> fd;
    std::list<FileKey>::iterator place;
  };
  std::list<FileKey> recent_;  // most recently used first
  std::map<FileKey, Cached> cache_;
};

}  // namespace gatepost::store
