#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "acme/outcome.hpp"
#include "base/clock.hpp"

namespace gatepost::daemon {

// Changes of DNS records that a program outside has to make, for the server itself may start none. It asks for them
// over the control socket (`gatepost certificate hook`). Thread-safe.
class HookQueue {
 public:
  struct Job {
    std::uint64_t id = 0;
    bool add = true;
    std::string record, value;
  };
  explicit HookQueue(const Clock& clock) : clock_(clock) {}

  // Waits until somebody has done it, `timeout` at most.
  acme::Outcome<> run(Job job, std::chrono::seconds timeout, std::stop_token stop);
  // Is done when somebody asks; nobody waits for it.
  void leave(Job job);

  // The next one for the program, waiting for it up to `wait`. One that was given out and not reported on is given out
  // again after kAgain.
  std::optional<Job> next(std::chrono::milliseconds wait, std::stop_token stop);
  // `detail`: what the program said when it failed. false: nobody waits for that any more.
  bool done(std::uint64_t id, bool ok, std::string detail);

  static constexpr std::chrono::seconds kAgain{120};

 private:
  static constexpr std::size_t kMost = 1000;
  struct Entry {
    Job job;
    bool awaited = true;
    std::optional<SteadyPoint> given;
    bool finished = false, ok = false;
    std::string detail;
  };
  std::list<Entry>::iterator add(Job job, bool awaited);

  const Clock& clock_;
  std::mutex mutex_;  // guards the rest
  std::condition_variable_any changed_;
  std::list<Entry> entries_;
  std::uint64_t last_id_ = 0;
};

}  // namespace gatepost::daemon
