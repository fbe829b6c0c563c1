#include "runtime/timer.hpp"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "runtime/await.hpp"

namespace gatepost::runtime {

namespace asio = boost::asio;

namespace {}

Task<> sleep_for(std::chrono::steady_clock::duration duration) {
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, duration);
  co_await timer.async_wait(kAwait);
}

struct Alarm::State {
  explicit State(const asio::any_io_executor& executor) : timer(executor) {}
  asio::steady_timer timer;  // both on the waiting thread only
  bool rung = false;
};

Alarm::Alarm(asio::any_io_executor executor) : state_(std::make_shared<State>(executor)) {}
Alarm::~Alarm() = default;

Task<bool> Alarm::wait(std::chrono::steady_clock::duration at_most) {
  const std::shared_ptr<State> state = state_;
  if (!state->rung) {
    state->timer.expires_after(at_most);
    co_await state->timer.async_wait(kAwait);
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
