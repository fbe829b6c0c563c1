#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"

namespace gatepost::daemon {

// What has to be done now and then.
struct Chore {
  std::string name;  // in the log
  std::chrono::seconds first, every;
  std::function<Result<>(std::stop_token)> run;
};

// A thread that does chores, one after the other; one that fails is logged and tried again at its next time.
class Maintenance {
 public:
  Maintenance(std::vector<Chore> chores, const Clock& clock, Log& log);
  ~Maintenance();  // asks the running chore to stop, and waits for it

 private:
  void work(std::stop_token stop);
  void run(const Chore& chore, std::stop_token stop);
  const std::vector<Chore> chores_;
  const Clock& clock_;
  Log& log_;
  std::jthread thread_;
};

}  // namespace gatepost::daemon
