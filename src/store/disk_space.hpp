#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <mutex>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "store/disk.hpp"

namespace gatepost::store {

// Watches the free space of the store's file system, and keeps a ballast file that is given up when it is nearly full,
// so that the commits which delete still find room. Thread-safe.
class DiskSpace {
 public:
  struct Reserve {
    std::uint64_t octets = 0;
    int percent = 0;  // of the file system; the smaller of the two counts
  };
  // `disk`, `log` and `clock` outlive it. The ballast lies in `directory`.
  DiskSpace(std::filesystem::path directory, Reserve reserve, bool read_only, Disk& disk, Log& log, const Clock& clock);

  // Free space is below the reserve. Looks at the file system at most once a second, so that it may be asked often.
  bool low();
  // A write found the disk full: gives up the ballast at once.
  void found_full();

 private:
  void look();
  const std::filesystem::path ballast_;
  const Reserve reserve_;
  const bool read_only_;
  Disk& disk_;
  Log& log_;
  const Clock& clock_;
  std::atomic<std::int64_t> next_look_{0};  // steady nanoseconds
  std::atomic<bool> low_{false};
  std::mutex mutex_;  // one thread looks, or touches the ballast
};

}  // namespace gatepost::store
