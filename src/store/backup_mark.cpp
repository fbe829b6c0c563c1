#include "store/backup_mark.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <span>
#include <string>

#include "store/disk.hpp"
#include "store/store.hpp"

namespace gatepost::store {
namespace {

constexpr std::size_t kMaxMarkOctets = 32;

std::uint64_t last_write(const std::filesystem::path& path) {
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0 || about.st_mtime < 0) return 0;
  return static_cast<std::uint64_t>(about.st_mtime);
}

}  // namespace

std::uint64_t seconds_of(TimePoint at) {
  const auto s = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  return s > 0 ? static_cast<std::uint64_t>(s) : 0;
}

Result<> write_backup_mark(const std::filesystem::path& directory, std::uint64_t seconds) {
  const auto path = directory / kBackupMark;
  {
    GP_TRY(const Fd fd, open_file(path, O_WRONLY | O_CREAT | O_TRUNC));
    Disk disk;
    GP_CHECK(write_all(disk, fd.get(), std::to_string(seconds) + "\n", 0));
    if (::fsync(fd.get()) != 0) return system_failure("fsync", path);
  }
  return sync_directory(directory);
}

Result<> remove_backup_mark(const std::filesystem::path& directory) {
  const auto path = directory / kBackupMark;
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_failure("unlink", path);
  return sync_directory(directory);
}

Result<std::optional<std::uint64_t>> read_backup_mark(const std::filesystem::path& directory) {
  const auto path = directory / kBackupMark;
  auto fd = open_file(path, O_RDONLY);
  if (!fd && fd.error().code == Errc::not_found) return std::nullopt;
  if (!fd) return std::unexpected(std::move(fd).error());
  GP_TRY(const std::uint64_t size, file_size(fd->get()));
  std::string text(std::min<std::uint64_t>(size, kMaxMarkOctets), '\0');
  GP_CHECK(read_all_at(fd->get(), std::span(text), 0));
  std::uint64_t seconds = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool whole = failed == std::errc{} && std::string_view(end, text.data() + text.size()) == "\n";
  return whole ? seconds : last_write(path);
}

Result<> mark_as_backup(const std::filesystem::path& directory, const std::filesystem::path& original) {
  GP_TRY(const auto mark, read_backup_mark(directory));
  if (mark) return {};
  std::uint64_t last = 0;
  for (const auto& part : {original / "keys", original / "bodies" / "segments"}) {
    const auto files = files_in(part);
    if (!files) continue;
    for (const auto& file : *files) last = std::max(last, last_write(file));
  }
  return write_backup_mark(directory, last);
}

}  // namespace gatepost::store
