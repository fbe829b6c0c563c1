#include "mailflow/slots.hpp"

#include <deque>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace gatepost::mailflow {

namespace asio = boost::asio;

struct Slots::Waiter {
  asio::steady_timer timer;
  bool called = false;
};

struct Slots::Domain {
  std::size_t busy = 0;
  std::deque<std::shared_ptr<Waiter>> waiting;  // shared with the task that waits
};

Slots::Slots(std::size_t all, std::size_t per_domain) : all_(all), per_domain_(per_domain) {}
Slots::~Slots() = default;

bool Slots::free(const Domain& domain) const { return active_ < all_ && domain.busy < per_domain_; }

runtime::Task<bool> Slots::take(std::string domain) {
  if (closed_) co_return false;
  auto& place = domains_[domain];
  if (!place) place = std::make_unique<Domain>();
  if (free(*place) && place->waiting.empty()) {
    ++place->busy;
    ++active_;
    co_return true;
  }
  auto executor = co_await asio::this_coro::executor;
  auto waiter = std::make_shared<Waiter>(asio::steady_timer(executor, asio::steady_timer::time_point::max()));
  place->waiting.push_back(waiter);
  co_await waiter->timer.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return waiter->called;  // the turn was counted by who called
}

void Slots::give_back(const std::string& domain) {
  --active_;
  const auto at = domains_.find(domain);
  --at->second->busy;
  if (at->second->busy == 0 && at->second->waiting.empty()) domains_.erase(at);
  for (auto& [name, place] : domains_) {
    while (!place->waiting.empty() && free(*place)) {
      const std::shared_ptr<Waiter> next = place->waiting.front();
      place->waiting.pop_front();
      ++place->busy;
      ++active_;
      next->called = true;
      next->timer.cancel();
    }
    if (active_ >= all_) return;
  }
}

void Slots::close() {
  closed_ = true;
  for (auto& [name, place] : domains_) {
    for (const auto& waiter : place->waiting) waiter->timer.cancel();
    place->waiting.clear();
  }
}

}  // namespace gatepost::mailflow
