#include "daemon/maintenance.hpp"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "daemon/events.hpp"

namespace gatepost::daemon {

Maintenance::Maintenance(std::vector<Chore> chores, const Clock& clock, Log& log)
    : chores_(std::move(chores)), clock_(clock), log_(log), thread_([this](std::stop_token stop) { work(stop); }) {
  ::pthread_setname_np(thread_.native_handle(), "maintenance");
}

Maintenance::~Maintenance() = default;

void Maintenance::work(std::stop_token stop) {
  std::vector<SteadyPoint> due;
  for (const Chore& chore : chores_) due.push_back(clock_.steady() + chore.first);
  std::mutex mutex;
  std::condition_variable_any wake;
  while (!stop.stop_requested() && !due.empty()) {
    const auto next = std::ranges::min_element(due);
    {
      std::unique_lock lock(mutex);
      wake.wait_for(lock, stop, *next - clock_.steady(), [] { return false; });
    }
    if (stop.stop_requested()) return;
    if (clock_.steady() < *next) continue;
    const Chore& chore = chores_[static_cast<std::size_t>(next - due.begin())];
    run(chore, stop);
    *next = clock_.steady() + chore.every;
  }
}

void Maintenance::run(const Chore& chore, std::stop_token stop) {
  Result<> done;
  try {
    done = chore.run(stop);
  } catch (const std::exception& e) {
    done = fail(Errc::internal, e.what());
  }
  if (!done && !stop.stop_requested()) {
    log_.write(event::kMaintenanceFailed,
               {{"task", chore.name}, {"code", to_string(done.error().code)}, {"detail", done.error().detail}});
  }
}

}  // namespace gatepost::daemon
