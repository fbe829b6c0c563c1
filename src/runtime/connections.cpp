#include "runtime/connections.hpp"

#include <future>
#include <thread>
#include <vector>

#include <fmt/format.h>

namespace gatepost::runtime {

Connections::Connections(IoThreads& threads, const Clock& clock, Log& log, ConnectionObserver* observer)
    : threads_(threads),
      clock_(clock),
      log_(log),
      observer_(observer),
      per_thread_(std::make_unique<PerThread[]>(threads.size())),
      // Seconds since 1970 with room for 256 connections in each: a later process begins beyond this one's numbers.
      next_id_(static_cast<std::uint64_t>(
                   std::chrono::duration_cast<std::chrono::seconds>(clock.now().time_since_epoch()).count())
               << 8) {}

Connections::~Connections() = default;

ServeParts Connections::parts(std::size_t thread) {
  return {clock_, log_, per_thread_[thread].buffers, per_thread_[thread].live, observer_};
}

std::size_t Connections::count() const {
  std::size_t total = 0;
  for (std::size_t i = 0; i < threads_.size(); ++i) total += per_thread_[i].count.load(std::memory_order_acquire);
  return total;
}

std::string Connections::next_id() { return fmt::format("{:x}", next_id_.fetch_add(1, std::memory_order_relaxed)); }

Connections::Ticket Connections::place() {
  const std::size_t begin = turn_.fetch_add(1, std::memory_order_relaxed) % threads_.size();
  std::size_t best = begin;
  for (std::size_t i = 1; i < threads_.size(); ++i) {
    const std::size_t at = (begin + i) % threads_.size();
    if (per_thread_[at].count.load(std::memory_order_relaxed) < per_thread_[best].count.load(std::memory_order_relaxed))
      best = at;
  }
  per_thread_[best].count.fetch_add(1, std::memory_order_relaxed);
  return Ticket(&per_thread_[best].count, best);
}

void Connections::stop_all(bool insist) {
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    threads_.post(i, [live = &per_thread_[i].live, insist] { live->stop_all(insist); });
  }
}

void Connections::announce(std::string text) {
  const auto shared = std::make_shared<const std::string>(std::move(text));
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    threads_.post(i, [live = &per_thread_[i].live, shared] { live->announce(shared); });
  }
}

void Connections::abort_all() {
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    threads_.post(i, [live = &per_thread_[i].live] { live->abort_all(); });
  }
}

void Connections::abort_from(const Network& network) {
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    threads_.post(i, [live = &per_thread_[i].live, network] { live->abort_from(network); });
  }
}

bool Connections::wait_until_none(std::chrono::milliseconds limit) const {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (count() != 0) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

Connections::Drained Connections::drain(std::chrono::milliseconds grace) {
  const auto begin = std::chrono::steady_clock::now();
  Drained out{.told = count()};
  stop_all();
  out.ended = wait_until_none(grace);
  if (!out.ended) {
    out.cut = count();
    stop_all(true);
    out.ended = wait_until_none(kInsistWait);
  }
  if (!out.ended) {
    abort_all();
    out.ended = wait_until_none(kAbortWait);
  }
  out.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
  return out;
}

void Connections::end_present(LiveConnections::Insistence how) {
  std::vector<std::future<void>> done;
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    auto told = std::make_shared<std::promise<void>>();  // shared with the thread, which may be late
    done.push_back(told->get_future());
    threads_.post(i, [live = &per_thread_[i].live, how, told] {
      live->end_present(how);
      told->set_value();
    });
  }
  for (const auto& one : done) one.wait_for(kInsistWait);
}

std::size_t Connections::present_left() const {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < threads_.size(); ++i) sum += per_thread_[i].live.present_left();
  return sum;
}

Connections::Drained Connections::end_present(std::chrono::milliseconds grace) {
  using Insistence = LiveConnections::Insistence;
  const auto begin = std::chrono::steady_clock::now();
  const auto gone_within = [this](std::chrono::milliseconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (present_left() != 0 && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return present_left() == 0;
  };
  // Before it is said: whoever has nothing to end is gone at once.
  Drained out{.told = count()};
  end_present(Insistence::ask);
  out.ended = gone_within(grace);
  if (!out.ended) {
    out.cut = present_left();
    end_present(Insistence::insist);
    out.ended = gone_within(kInsistWait);
  }
  if (!out.ended) {
    end_present(Insistence::abort);
    out.ended = gone_within(kAbortWait);
  }
  out.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
  return out;
}

}  // namespace gatepost::runtime
