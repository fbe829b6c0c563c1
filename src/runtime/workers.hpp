#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "runtime/task.hpp"

namespace gatepost::runtime {

// A bounded pool for what blocks: commits, disk reads, hashing. Thread-safe. IoThreads outlive it: results are posted
// there.
class Workers {
 public:
  // 0 threads: everything runs at once on the caller's thread (tests).
  explicit Workers(std::size_t threads);
  ~Workers();  // finishes what is queued

  // Runs `work` on a pool thread and resumes the caller on its own I/O thread with the result; exceptions pass through.
  // The caller's frame outlives `work`, so it may refer to the caller's locals.
  template <class F>
  Task<std::invoke_result_t<F&>> run(F work) {
    using R = std::invoke_result_t<F&>;
    if constexpr (std::is_void_v<R>) {
      std::function<void()> job = [&work] { work(); };
      co_await run_erased(job);
    } else {
      std::optional<R> result;
      std::function<void()> job = [&work, &result] { result.emplace(work()); };
      co_await run_erased(job);
      co_return std::move(*result);
    }
  }

  // Fire and forget; `work` must own what it uses.
  void post(std::function<void()> work);
  std::size_t queued() const;

 private:
  Task<> run_erased(const std::function<void()>& job);
  struct Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace gatepost::runtime
