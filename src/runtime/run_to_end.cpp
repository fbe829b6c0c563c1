#include "runtime/run_to_end.hpp"

#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <stdexcept>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace gatepost::runtime {
namespace {

constexpr std::size_t kKeptLoops = 64;

}  // namespace

void run_to_end(Task<> task) {
  // A worker that posted the task's last result may still have its hand on the loop when the task has ended, for as
  // long as a busy machine keeps it from running: the loop goes away many loops of this thread later, or with the
  // thread.
  thread_local std::deque<std::unique_ptr<boost::asio::io_context>> ended_loops;
  auto own = std::make_unique<boost::asio::io_context>(1);
  boost::asio::io_context& context = *own;
  bool ended = false;
  std::exception_ptr failure;
  boost::asio::co_spawn(context, std::move(task), [&](std::exception_ptr e) {
    ended = true;
    failure = e;
  });
  // Leftovers (a stream's timer) must not keep the caller once the task itself has ended.
  while (!ended && context.run_one() != 0) {
  }
  ended_loops.push_back(std::move(own));
  if (ended_loops.size() > kKeptLoops) ended_loops.pop_front();
  if (failure) std::rethrow_exception(failure);
  if (!ended) throw std::logic_error("the task waits for something that never comes");
}

}  // namespace gatepost::runtime
