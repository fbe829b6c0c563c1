#include "runtime/workers.hpp"

#include <pthread.h>
#include <signal.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace gatepost::runtime {

namespace asio = boost::asio;

struct Workers::Pool {
  using Job = std::move_only_function<void()>;

  struct Thread {
    std::condition_variable wake;
    bool woken = false;  // guarded by Pool::mutex
    std::thread thread;
  };

  mutable std::mutex mutex;  // guards jobs, idle, stopping and Thread::woken
  std::deque<Job> jobs;
  std::vector<Thread*> idle;  // the one that fell asleep last is woken first: its caches are warm
  bool stopping = false;
  std::vector<std::unique_ptr<Thread>> threads;

  void add(Job job) {
    Thread* sleeper = nullptr;
    {
      const std::lock_guard lock(mutex);
      jobs.push_back(std::move(job));
      if (!idle.empty()) {
        sleeper = idle.back();
        idle.pop_back();
        sleeper->woken = true;
      }
    }
    if (sleeper != nullptr) sleeper->wake.notify_one();
  }

  void work(Thread& self) {
    std::unique_lock lock(mutex);
    for (;;) {
      if (!jobs.empty()) {
        Job job = std::move(jobs.front());
        jobs.pop_front();
        lock.unlock();
        job();
        job = nullptr;  // what it owns is dropped outside the lock
        lock.lock();
        continue;
      }
      if (stopping) return;
      self.woken = false;
      idle.push_back(&self);
      self.wake.wait(lock, [&self] { return self.woken; });
    }
  }
};

Workers::Workers(std::size_t threads) : pool_(std::make_unique<Pool>()) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (std::size_t i = 0; i < threads; ++i) {
    Pool::Thread& thread = *pool_->threads.emplace_back(std::make_unique<Pool::Thread>());
    thread.thread = std::thread([pool = pool_.get(), &thread] { pool->work(thread); });
    pthread_setname_np(thread.thread.native_handle(), ("work" + std::to_string(i)).c_str());
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Workers::~Workers() {
  {
    const std::lock_guard lock(pool_->mutex);
    pool_->stopping = true;
    for (Pool::Thread* const sleeper : pool_->idle) {
      sleeper->woken = true;
      sleeper->wake.notify_one();
    }
    pool_->idle.clear();
  }
  for (const auto& thread : pool_->threads) thread->thread.join();
}

void Workers::post(std::function<void()> work) {
  if (pool_->threads.empty()) {
    work();
  } else {
    pool_->add(std::move(work));
  }
}

std::size_t Workers::queued() const {
  const std::lock_guard lock(pool_->mutex);
  return pool_->jobs.size();
}

Task<> Workers::run_erased(const std::function<void()>& job) {
  if (pool_->threads.empty()) {
    job();
    co_return;
  }
  auto start = [this, &job](auto handler) {
    auto executor = asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
    pool_->add([&job, executor = std::move(executor), handler = std::move(handler)]() mutable {
      std::exception_ptr failure;
      try {
        job();
      } catch (...) {
        failure = std::current_exception();
      }
      // From here on the caller may be resumed, and `job` and the io_context be gone: what keeps that one at work goes
      // along, for no thread but its own to let go of.
      const auto where = asio::prefer(executor, asio::execution::outstanding_work.untracked);
      asio::post(where, [handler = std::move(handler), failure, executor = std::move(executor)]() mutable {
        std::move(handler)(failure);
      });
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(std::move(start),
                                                                                         asio::use_awaitable);
}

}  // namespace gatepost::runtime
