#pragma once

#include <functional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "gate/log/reader.hpp"
#include "runtime/unique_fd.hpp"

namespace gatepost::gate::watch {

// The kernel's own log as it is written: /dev/kmsg, from the oldest record it still has. One thread; never waits.
class KernelLog {
 public:
  // Errc::denied without CAP_SYSLOG where kernel.dmesg_restrict is set. `clock` is borrowed.
  static Result<KernelLog> open(const Clock& clock, const std::string& path = "/dev/kmsg");
  // Passes over what is there now.
  void skip_to_end();
  int fd() const { return fd_.get(); }  // readable when there is more
  // Gives what has come, records that are about something else as Kind::skip; where the kernel overwrote some before
  // they were read there is a Kind::gap.
  Result<> receive(const std::function<void(const log::Item&)>& take);

 private:
  KernelLog(const Clock& clock, runtime::UniqueFd fd)
      : clock_(&clock), fd_(std::move(fd)), reader_(log::Format::netfilter) {}
  const Clock* clock_;
  runtime::UniqueFd fd_;
  log::Reader reader_;
};

}  // namespace gatepost::gate::watch
