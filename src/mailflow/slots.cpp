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
  call_waiting();
}

// One of each destination in turn, going on after the last one called.
void Slots::call_waiting() {
  auto at = domains_.upper_bound(last_called_);
  for (std::size_t passed = 0; active_ < all_ && passed < domains_.size(); ++at) {
    if (at == domains_.end()) at = domains_.begin();
    Domain& place = *at->second;
    if (place.waiting.empty() || !free(place)) {
      ++passed;
      continue;
    }
    passed = 0;
    const std::shared_ptr<Waiter> next = place.waiting.front();
    place.waiting.pop_front();
    ++place.busy;
    ++active_;
    last_called_ = at->first;
    next->called = true;
    next->timer.cancel();
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
