#include "smtp/client/idle_channels.hpp"

#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include "runtime/timer.hpp"

namespace gatepost::smtp::client {

struct IdleChannels::Shelf {
  struct Place {
    std::string name;
    std::unique_ptr<Channel> channel;
    SteadyPoint until;
  };
  std::vector<Place> places;
  bool closing = false;  // the owner is gone: nobody will ask again

  // Says QUIT to what has waited long enough; ends when nothing is left.
  static Task<> empty(std::shared_ptr<Shelf> shelf, const Clock& clock) {
    while (!shelf->places.empty()) {
      co_await runtime::sleep_for(std::chrono::milliseconds(500));
      if (shelf->closing) co_return;
      for (std::size_t i = 0; i < shelf->places.size();) {
        if (shelf->places[i].until > clock.steady()) {
          ++i;
          continue;
        }
        const std::unique_ptr<Channel> channel = std::move(shelf->places[i].channel);
        shelf->places.erase(shelf->places.begin() + static_cast<std::ptrdiff_t>(i));
        co_await channel->connection.quit();
        if (shelf->closing) co_return;
        i = 0;
      }
    }
  }
};

IdleChannels::~IdleChannels() {
  if (const auto shelf = shelf_.lock()) shelf->closing = true;
}

std::unique_ptr<Channel> IdleChannels::take(const std::string& place) {
  const auto shelf = shelf_.lock();
  if (!shelf) return nullptr;
  for (auto at = shelf->places.begin(); at != shelf->places.end(); ++at) {
    if (at->name != place || at->until <= clock_.steady()) continue;
    std::unique_ptr<Channel> channel = std::move(at->channel);
    shelf->places.erase(at);
    return channel;
  }
  return nullptr;
}

Task<> IdleChannels::keep(std::string place, std::unique_ptr<Channel> channel, std::chrono::seconds idle_time) {
  const SteadyPoint until = clock_.steady() + idle_time;
  if (const auto shelf = shelf_.lock(); shelf && !shelf->places.empty()) {
    shelf->places.push_back({std::move(place), std::move(channel), until});
    co_return;
  }
  const auto shelf = std::make_shared<Shelf>();
  shelf->places.push_back({std::move(place), std::move(channel), until});
  shelf_ = shelf;
  auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::co_spawn(executor, Shelf::empty(shelf, clock_), boost::asio::detached);
}

}  // namespace gatepost::smtp::client
