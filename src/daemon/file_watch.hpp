#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <vector>

namespace gatepost::daemon {

// Notices that files have changed, by looking at them now and then: size, time, number and whether they are there. That
// works for files moved into place, links changed (certbot) and network file systems alike. Not thread-safe.
class FileWatch {
 public:
  // true: something is different from the call before the last, and nothing from the last: who wrote has finished. The
  // first call for a path only takes note. Paths not named any more are forgotten.
  bool changed(const std::vector<std::filesystem::path>& paths);

 private:
  struct Look {
    std::uint64_t device = 0, number = 0, octets = 0;
    std::int64_t seconds = 0, nanoseconds = 0;
    bool operator==(const Look&) const = default;
  };
  static Look look(const std::filesystem::path& path);
  std::map<std::filesystem::path, Look> settled_, last_;
};

}  // namespace gatepost::daemon
