#include "gate/watch/kernel_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include <fmt/format.h>

#include "gate/log/packet.hpp"

namespace gatepost::gate::watch {

namespace {

// The kernel's longest record with its properties (printk's CONSOLE_EXT_LOG_MAX); a smaller buffer is refused.
constexpr std::size_t kLogRecordOctets = 8192;

// The kernel counts from its start, by a clock nobody sets; what that is in wall time is asked each time, so that a
// wall clock that jumps moves later events only.
log::Stamp wall_time(std::chrono::microseconds uptime, const Clock& clock) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto monotonic = std::chrono::seconds(now.tv_sec) + std::chrono::microseconds(now.tv_nsec / 1000);
  log::Stamp stamp;
  stamp.at = clock.now() - std::chrono::duration_cast<TimePoint::duration>(monotonic - uptime);
  stamp.known = stamp.has_fraction = true;
  return stamp;
}

}  // namespace

Result<KernelLog> KernelLog::open(const Clock& clock, const std::string& path) {
  runtime::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd) {
    return fail(errno == ENOENT ? Errc::not_found : Errc::denied, fmt::format("{}: {}", path, std::strerror(errno)));
  }
  return KernelLog(clock, std::move(fd));
}

void KernelLog::skip_to_end() { lseek(fd_.get(), 0, SEEK_END); }

Result<> KernelLog::receive(const std::function<void(const log::Item&)>& take) {
  char record[kLogRecordOctets];
  for (;;) {
    const ssize_t got = ::read(fd_.get(), record, sizeof record);
    if (got == 0) return {};
    if (got < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return {};
      if (errno == EINTR) continue;
      if (errno != EPIPE) return fail(Errc::unavailable, fmt::format("the kernel's log: {}", std::strerror(errno)));
      log::Item gap;
      gap.kind = log::Kind::gap;
      gap.why = "the kernel overwrote records before they were read";
      take(gap);
      continue;
    }
    const auto read = log::read_kernel_record({record, static_cast<std::size_t>(got)});
    if (read) take(reader_.read_message(wall_time(read->uptime, *clock_), read->message));
  }
}

}  // namespace gatepost::gate::watch
