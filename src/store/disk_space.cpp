#include "store/disk_space.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "store/events.hpp"

namespace gatepost::store {
namespace {

constexpr std::int64_t kLookEvery = 1'000'000'000;  // nanoseconds
// Enough for a flush of the key engine's memory tables, which a full disk otherwise could not take.
constexpr std::uint64_t kMaxBallast = 96 << 20;

std::uint64_t reserve_of(const Disk::Space& space, std::uint64_t octets, int percent) {
  return std::min(octets, space.total / 100 * static_cast<std::uint64_t>(std::max(percent, 0)));
}

}  // namespace

DiskSpace::DiskSpace(std::filesystem::path directory, Reserve reserve, bool read_only, Disk& disk, Log& log,
                     const Clock& clock)
    : ballast_(directory / "ballast"), reserve_(reserve), read_only_(read_only), disk_(disk), log_(log), clock_(clock) {
  look();
}

bool DiskSpace::low() {
  const std::int64_t now = clock_.steady().time_since_epoch().count();
  std::int64_t due = next_look_.load(std::memory_order_relaxed);
  if (now >= due && next_look_.compare_exchange_strong(due, now + kLookEvery)) look();
  return low_.load(std::memory_order_relaxed);
}

void DiskSpace::look() {
  std::lock_guard lock(mutex_);
  const auto space = disk_.space(ballast_.parent_path());
  if (!space) return;  // asked again in a second
  const std::uint64_t reserve = reserve_of(*space, reserve_.octets, reserve_.percent);
  const bool low = space->available < reserve;
  if (low != low_.exchange(low))
    log_.write(low ? event::kDiskLow : event::kDiskEnough, {{"available", space->available}, {"reserve", reserve}});
  if (read_only_) return;
  const std::uint64_t ballast = std::min(kMaxBallast, reserve / 4);
  if (space->available < ballast) {
    ::unlink(ballast_.c_str());
  } else if (space->available >= reserve + 2 * ballast && ballast > 0 && !std::filesystem::exists(ballast_)) {
    const auto fd = open_file(ballast_, O_WRONLY | O_CREAT | O_EXCL);
    if (fd && ::posix_fallocate(fd->get(), 0, static_cast<off_t>(ballast)) != 0) ::unlink(ballast_.c_str());
  }
}

void DiskSpace::found_full() {
  std::lock_guard lock(mutex_);
  if (!low_.exchange(true)) log_.write(event::kDiskLow, {{"available", 0}});
  if (!read_only_) ::unlink(ballast_.c_str());
}

}  // namespace gatepost::store
