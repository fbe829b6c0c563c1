#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "runtime/task.hpp"

namespace gatepost::runtime {

// Runs a task on an event loop of its own in the calling thread until it ends: tests and start-up. Exceptions pass
// through; a task that waits for something that cannot come any more throws std::logic_error. Streams, timers and
// wakers made meanwhile must not be used after the call.
void run_to_end(Task<> task);

namespace detail {
template <class T>
Task<> keep_result(Task<T> task, std::optional<T>& result) {
  result.emplace(co_await std::move(task));
}
}  // namespace detail

template <class T>
  requires(!std::is_void_v<T>)
T run_to_end(Task<T> task) {
  std::optional<T> result;
  run_to_end(detail::keep_result(std::move(task), result));
  return std::move(*result);
}

}  // namespace gatepost::runtime
