#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "store/disk.hpp"
#include "store/store.hpp"

namespace gatepost::store {

// A fresh directory below the system's temporary one, removed with everything in it at the end.
class TestDirectory {
 public:
  explicit TestDirectory(std::string_view purpose);
  ~TestDirectory();
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Options for a small store in `directory` that does not mind a nearly full disk.
Options test_options(const std::filesystem::path& directory);

// A body like mail: lines of printable text, different for each seed.
std::string mail_of(std::size_t octets, unsigned seed);

// Refuses what it is told to, with an errno; 0 = works. Remembers what was asked of it.
class FailingDisk final : public Disk {
 public:
  std::atomic<int> body_write{0}, body_sync{0}, engine_write_error{0}, engine_sync_error{0};
  std::atomic<std::uint64_t> available{1ull << 40};  // octets that space() tells
  std::atomic<unsigned> writes_until_full{~0u};      // body writes that still work, then ENOSPC

  ssize_t pwrite(int fd, const char* octets, std::size_t count, std::uint64_t offset) override;
  int fdatasync(int fd) override;
  Result<Space> space(const std::filesystem::path& directory) override;
  int engine_write(const std::string& path, std::size_t octets) override;
  int engine_sync(const std::string& path) override;

  // "write body", "sync body", "write log", "sync log": the engine's log and body files only, repetitions merged.
  std::vector<std::string> calls() const;
  void forget_calls();

 private:
  void note(std::string_view call);
  mutable std::mutex mutex_;
  std::vector<std::string> calls_;  // guarded by mutex_
};

// A machine whose power fails: remembers what was written since each file's last sync, and makes a copy of the store as
// a disk could hold it afterwards.
class PowerlessDisk final : public Disk {
 public:
  ssize_t pwrite(int fd, const char* octets, std::size_t count, std::uint64_t offset) override;
  int fdatasync(int fd) override;
  int engine_write(const std::string& path, std::size_t octets) override;
  int engine_sync(const std::string& path) override;

  // From now on every write and sync fails.
  void cut_power();
  // After cut_power(): what was not synced is missing or, by chance, there.
  void copy_what_is_left(const std::filesystem::path& from, const std::filesystem::path& to, unsigned seed);

 private:
  struct Range {
    std::uint64_t begin, end;
  };
  std::mutex mutex_;  // guards what follows
  bool power_ = true;
  std::map<std::string, std::vector<Range>> unsynced_;  // of body files
  struct Written {
    std::uint64_t octets = 0, synced = 0;
  };
  std::map<std::string, Written> engine_;
};

}  // namespace gatepost::store
