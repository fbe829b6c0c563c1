#pragma once

#include <chrono>
#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "runtime/task.hpp"

namespace gatepost::runtime {

// Ends after `duration` on the caller's I/O thread.
Task<> sleep_for(std::chrono::steady_clock::duration duration);

// A wait that others can cut short: the pulse of background tasks (queue runner, cleaners).
class Alarm {
 public:
  // `executor`: of the thread that waits.
  explicit Alarm(boost::asio::any_io_executor executor);
  ~Alarm();
  // false: the time has passed; true: ring() was called, now or since the last wait. One waiter at a time.
  Task<bool> wait(std::chrono::steady_clock::duration at_most);
  void ring();  // thread-safe; several before a wait count as one

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with rings on their way
};

}  // namespace gatepost::runtime
