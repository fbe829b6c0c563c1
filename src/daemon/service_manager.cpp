#include "daemon/service_manager.hpp"

#include <systemd/sd-daemon.h>

#include <cstdint>
#include <cstdlib>
#include <ctime>

#include <fmt/format.h>

namespace gatepost::daemon {
namespace {

void notify(const std::string& state) { ::sd_notify(0, state.c_str()); }

}  // namespace

ServiceManager::ServiceManager() : present_(std::getenv("NOTIFY_SOCKET") != nullptr) {
  std::uint64_t microseconds = 0;
  if (::sd_watchdog_enabled(0, &microseconds) > 0) pulse_ = std::chrono::milliseconds(microseconds / 2000);
}

void ServiceManager::ready(const std::string& status) const { notify("READY=1\nSTATUS=" + status); }

void ServiceManager::reloading() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000 + now.tv_nsec / 1000));
}

void ServiceManager::stopping(std::chrono::seconds at_most) const {
  notify(fmt::format("STOPPING=1\nSTATUS=Stopping\nEXTEND_TIMEOUT_USEC={}", at_most.count() * 1'000'000));
}

void ServiceManager::extend_start(std::chrono::seconds by) const {
  notify(fmt::format("EXTEND_TIMEOUT_USEC={}", by.count() * 1'000'000));
}

void ServiceManager::keep(const std::string& name, int fd) const {
  ::sd_pid_notify_with_fds(0, 0, ("FDSTORE=1\nFDNAME=" + name).c_str(), &fd, 1);
}

void ServiceManager::forget(const std::string& name) const { notify("FDSTOREREMOVE=1\nFDNAME=" + name); }

void ServiceManager::alive() const { notify("WATCHDOG=1"); }

}  // namespace gatepost::daemon
