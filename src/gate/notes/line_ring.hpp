#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hpp"
#include "base/mutex.hpp"
#include "gate/notes/log_line.hpp"

namespace gatepost::gate::notes {

// The last lines of the server's own log. Memory is bounded: a line longer than kLineOctets is cut. Thread-safe.
class LineRing {
 public:
  static constexpr std::size_t kLineOctets = 512;
  explicit LineRing(std::size_t lines = 4'096) : lines_(lines == 0 ? 1 : lines) {}
  void add(std::string_view line);
  // Oldest first.
  std::vector<std::string> all() const;

 private:
  mutable Mutex mutex_;
  std::vector<std::string> lines_ GP_GUARDED_BY(mutex_);
  std::uint64_t added_ GP_GUARDED_BY(mutex_) = 0;
};

// Which lines belong together.
struct LineFilter {
  std::optional<IpAddress> address;      // the peer's
  std::vector<std::string> connections;  // or of these
  std::string text;                      // or with a field of exactly this value: an id, an address
  std::optional<TimePoint> since, until;
};

// The lines of `from` (oldest first) that `filter` wants, with all others of the same connections and of the same
// message (field "id"); the last `most` of them.
std::vector<LogLine> select_lines(const std::vector<std::string>& from, const LineFilter& filter, std::size_t most);
// The same as they were written.
std::vector<std::string> texts_of(const std::vector<std::string>& from, const LineFilter& filter, std::size_t most);

}  // namespace gatepost::gate::notes
