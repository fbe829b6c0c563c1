#include "runtime/run_to_end.hpp"

#include <exception>
#include <memory>
#include <stdexcept>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace gatepost::runtime {

void run_to_end(Task<> task) {
  // A worker that posted the task's last result may still have its hand on the loop when the task has ended: the loop
  // goes away with the next one of this thread, or with the thread.
  thread_local std::unique_ptr<boost::asio::io_context> last;
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
  last = std::move(own);
  if (failure) std::rethrow_exception(failure);
  if (!ended) throw std::logic_error("the task waits for something that never comes");
}

}  // namespace gatepost::runtime
