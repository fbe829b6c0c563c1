#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "gate/kernel/host.hpp"

// What was applied, what waits for a confirmation, and how to undo it: kept on disk so that nothing of it depends on a
// process that lives on.
namespace gatepost::gate {

struct Revision {
  enum class State : std::uint8_t { pending, confirmed, reverted };
  std::uint64_t number = 0;
  std::string hash;  // of the intent
  State state = State::pending;
  TimePoint applied{};
  std::string by;    // "root from 192.0.2.1"
  std::string text;  // the table, for `nft -f`; empty: no table
  std::string note;  // why it was reverted
};
std::string_view to_string(Revision::State);

// A revision that undoes itself unless it is confirmed.
struct Pending {
  std::uint64_t revision = 0;
  std::string boot_id;                 // the kernel it was applied to
  std::int64_t deadline_boottime = 0;  // ns of CLOCK_BOOTTIME: a clock that is set does not move it
  TimePoint deadline{};                // for people
  std::string revert;                  // nft batch
  std::optional<SshConnection> ssh;    // whoever applied it came this way
};

inline constexpr std::size_t kKeptRevisions = 20;

// The directory of revisions. Every write is complete or not there (written aside, synced, renamed).
class Revisions {
 public:
  // Makes it when it is missing. Errc::denied: others may write to it, so nothing in it can be trusted.
  static Result<Revisions> open(const std::filesystem::path& directory);
  Revisions(Revisions&&) noexcept;
  Revisions& operator=(Revisions&&) noexcept;
  ~Revisions();

  // For changes: one at a time. Errc::conflict: somebody else holds it and `wait` is false.
  Result<> lock(bool wait);

  std::vector<Revision> all() const;  // newest first
  std::optional<Revision> get(std::uint64_t number) const;
  std::optional<Revision> current() const;  // the newest confirmed one
  std::optional<Pending> pending() const;
  std::uint64_t next_number() const;

  Result<> put(const Revision&);  // and forgets what is older than the last 20
  Result<> put(const Pending&);
  Result<> end_pending();
  const std::filesystem::path& directory() const { return directory_; }

 private:
  explicit Revisions(std::filesystem::path directory) : directory_(std::move(directory)) {}
  Result<> write(const std::string& name, const std::string& content);
  std::filesystem::path directory_;
  int lock_ = -1;
};

std::string boot_id();
std::int64_t boottime_now();  // ns

}  // namespace gatepost::gate
