#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace gatepost::daemon {

// What systemd is told (sd_notify(3)); nothing happens when we were not started by it.
class ServiceManager {
 public:
  // Reads NOTIFY_SOCKET and WATCHDOG_USEC of the environment.
  ServiceManager();

  bool present() const { return present_; }
  void ready(const std::string& status) const;
  void reloading() const;                             // followed by ready()
  void stopping(std::chrono::seconds at_most) const;  // a stop that takes long is no failure
  void extend_start(std::chrono::seconds by) const;   // a start that takes long is no failure
  void alive() const;
  // Leaves a descriptor with it, which a next start gets back (FileDescriptorStoreMax= of the unit); and takes it away.
  void keep(const std::string& name, int fd) const;
  void forget(const std::string& name) const;
  // How often alive() is expected, halved to be on the safe side; none when nobody watches.
  std::optional<std::chrono::milliseconds> pulse() const { return pulse_; }

 private:
  bool present_;
  std::optional<std::chrono::milliseconds> pulse_;
};

}  // namespace gatepost::daemon
