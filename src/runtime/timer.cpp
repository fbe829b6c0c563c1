#include "runtime/timer.hpp"

#include <utility>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "runtime/await.hpp"

namespace gatepost::runtime {

namespace asio = boost::asio;

namespace {}

Task<> sleep_for(std::chrono::steady_clock::duration duration) {
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, duration);
  co_await timer.async_wait(kAwait);
}

// With the loop's own executor type, as sockets (tcp_stream.cpp): requests that are held for long have one each.
struct Alarm::State {
  using Loop = asio::io_context::executor_type;
  explicit State(const asio::any_io_executor& executor)
      : timer(static_cast<asio::io_context&>(asio::query(executor, asio::execution::context))) {}
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Loop>
      timer;  // both on the waiting thread only
  bool rung = false;
};

Alarm::Alarm(asio::any_io_executor executor) : state_(std::make_shared<State>(executor)) {}
Alarm::~Alarm() = default;

Task<bool> Alarm::wait(std::chrono::steady_clock::duration at_most) {
  const std::shared_ptr<State> state = state_;
  if (!state->rung) {
    state->timer.expires_after(at_most);
    co_await state->timer.async_wait(asio::bind_executor(state->timer.get_executor(), kAwait));
  }
  co_return std::exchange(state->rung, false);
}

void Alarm::ring() {
  asio::post(state_->timer.get_executor(), [state = state_] {
    state->rung = true;
    state->timer.cancel();
  });
}

}  // namespace gatepost::runtime
