#include "daemon/file_watch.hpp"

#include <sys/stat.h>

namespace gatepost::daemon {

FileWatch::Look FileWatch::look(const std::filesystem::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size), status.st_mtim.tv_sec,
          status.st_mtim.tv_nsec};
}

bool FileWatch::changed(const std::vector<std::filesystem::path>& paths) {
  std::map<std::filesystem::path, Look> now;
  for (const auto& path : paths) now.emplace(path, look(path));
  bool differs = false;
  for (const auto& [path, seen] : now) {
    const auto before = settled_.try_emplace(path, seen).first;
    differs = differs || before->second != seen;
  }
  const bool still = now == last_;
  last_ = now;
  if (!differs || !still) return false;
  settled_ = std::move(now);
  return true;
}

}  // namespace gatepost::daemon
