#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include "runtime/task.hpp"

namespace gatepost::runtime {

// The I/O threads: each has its own event loop, and what is started on one never leaves it. post(), spawn() and run()
// are thread-safe. Outlives every stream, listener, timer, waker and Workers pool that uses it.
class IoThreads {
 public:
  // `threads` 0: one for each processor. Threads are named `name` and their number. From here on the process ignores
  // SIGPIPE; the threads leave all other signals to their creator.
  explicit IoThreads(std::size_t threads = 0, std::string name = "io");
  ~IoThreads();  // stop(), then destroys what is still suspended

  std::size_t size() const;
  boost::asio::any_io_executor executor(std::size_t thread) const;

  void start();
  // Ends the loops at once and joins; suspended tasks stay suspended. Drain connections first. May be called twice.
  void stop();

  void post(std::size_t thread, std::move_only_function<void()> work);
  // Runs a task to its end. An exception it throws ends the process: only connections may contain failures.
  void spawn(std::size_t thread, std::move_only_function<Task<>()> task);

  // Runs a task on `thread` and blocks the caller, who must not be an I/O thread. Exceptions pass through.
  template <class T>
  T run(std::size_t thread, std::move_only_function<Task<T>()> make) {
    if constexpr (std::is_void_v<T>) {
      run_erased(thread, std::move(make));
    } else {
      std::optional<T> result;
      run_erased(thread, [&]() -> Task<> { return keep(make(), result); });
      return std::move(*result);
    }
  }

 private:
  template <class T>
  static Task<> keep(Task<T> task, std::optional<T>& result) {
    result.emplace(co_await std::move(task));
  }
  void run_erased(std::size_t thread, std::move_only_function<Task<>()> task);

  struct Loop;
  std::unique_ptr<Loop[]> loops_;
  std::size_t size_;
  std::string name_;
};

}  // namespace gatepost::runtime
