#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/clock.hpp"
#include "base/result.hpp"

// The file in a backup that makes it one: it holds the second since 1970 at which the backup was begun, and is removed
// when the backup is opened as a store.
namespace gatepost::store {

inline constexpr const char* kBackupMark = "backup";

std::uint64_t seconds_of(TimePoint at);  // since 1970; 0 before

// Durable on return.
Result<> write_backup_mark(const std::filesystem::path& directory, std::uint64_t seconds);
Result<> remove_backup_mark(const std::filesystem::path& directory);
// None: it is no backup. A mark that cannot be understood stands for the time it was written.
Result<std::optional<std::uint64_t>> read_backup_mark(const std::filesystem::path& directory);

}  // namespace gatepost::store
