#include "runtime/run_to_end.hpp"

#include <exception>
#include <stdexcept>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace gatepost::runtime {

void run_to_end(Task<> task) {
  boost::asio::io_context context(1);
  bool ended = false;
  std::exception_ptr failure;
  boost::asio::co_spawn(context, std::move(task), [&](std::exception_ptr e) {
    ended = true;
    failure = e;
  });
  // Leftovers (a stream's timer) must not keep the caller once the task itself has ended.
  while (!ended && context.run_one() != 0) {
  }
  if (failure) std::rethrow_exception(failure);
  if (!ended) throw std::logic_error("the task waits for something that never comes");
}

}  // namespace gatepost::runtime
