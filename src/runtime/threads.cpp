#include "runtime/threads.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <future>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace gatepost::runtime {

namespace asio = boost::asio;

struct IoThreads::Loop {
  // Concurrency hint 1: one thread runs the loop, others only post to it.
  asio::io_context context{1};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> guard;
  std::thread thread;
};

IoThreads::IoThreads(std::size_t threads, std::string name)
    : size_(threads != 0 ? threads : std::max(1U, std::thread::hardware_concurrency())), name_(std::move(name)) {
  loops_ = std::make_unique<Loop[]>(size_);
  signal(SIGPIPE, SIG_IGN);
}

IoThreads::~IoThreads() { stop(); }

std::size_t IoThreads::size() const { return size_; }

asio::any_io_executor IoThreads::executor(std::size_t thread) const {
  return loops_[thread % size_].context.get_executor();
}

void IoThreads::start() {
  // New threads inherit the mask: signals stay with the thread that called start().
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (std::size_t i = 0; i < size_; ++i) {
    Loop& loop = loops_[i];
    if (loop.thread.joinable()) continue;
    loop.context.restart();
    loop.guard.emplace(loop.context.get_executor());
    loop.thread = std::thread([&loop] { loop.context.run(); });
    pthread_setname_np(loop.thread.native_handle(), (name_ + std::to_string(i)).substr(0, 15).c_str());
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void IoThreads::stop() {
  for (std::size_t i = 0; i < size_; ++i) {
    loops_[i].guard.reset();
    loops_[i].context.stop();
  }
  for (std::size_t i = 0; i < size_; ++i) {
    if (loops_[i].thread.joinable()) loops_[i].thread.join();
  }
}

void IoThreads::post(std::size_t thread, std::move_only_function<void()> work) {
  asio::post(loops_[thread % size_].context, std::move(work));
}

void IoThreads::spawn(std::size_t thread, std::move_only_function<Task<>()> task) {
  asio::co_spawn(executor(thread), std::move(task), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
}

void IoThreads::run_erased(std::size_t thread, std::move_only_function<Task<>()> task) {
  std::promise<void> done;
  asio::co_spawn(executor(thread), std::move(task), [&done](std::exception_ptr failure) {
    if (failure) {
      done.set_exception(failure);
    } else {
      done.set_value();
    }
  });
  done.get_future().get();
}

}  // namespace gatepost::runtime
