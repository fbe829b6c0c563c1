#include "cli/local_log_context.hpp"

#include <ctime>

namespace gatepost::cli {

gate::log::Context local_log_context(const Clock& clock) {
  gate::log::Context context;
  context.now = clock.now();
  const std::time_t now = std::chrono::system_clock::to_time_t(*context.now);
  tm local{};
  if (localtime_r(&now, &local) != nullptr) context.utc_offset_minutes = static_cast<int>(local.tm_gmtoff / 60);
  timespec up{};
  clock_gettime(CLOCK_MONOTONIC, &up);
  context.boot_time = *context.now - std::chrono::seconds(up.tv_sec);
  return context;
}

}  // namespace gatepost::cli
