#include "ldap/server/server.hpp"

#include <mutex>
#include <utility>

#include "ldap/server/events.hpp"
#include "ldap/server/session.hpp"

namespace gatepost::ldap::server {

struct Server::State {
  explicit State(const Services& services) : shared(services) {}
  Shared shared;
  std::mutex mutex;  // guards settings
  std::shared_ptr<const Settings> settings;
};

Server::Server(Services services, Settings settings) : state_(std::make_unique<State>(std::move(services))) {
  reload(std::move(settings));
}

Server::~Server() = default;

void Server::reload(Settings settings) {
  auto next = std::make_shared<const Settings>(std::move(settings));
  const std::scoped_lock lock(state_->mutex);
  state_->settings = std::move(next);
}

void Server::warm_up() {
  const Services& services = state_->shared.services;
  const SteadyPoint begin = services.clock.steady();
  state_->shared.tree.refresh();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(services.clock.steady() - begin);
  services.log.write(event::kRead, {{"entries", state_->shared.tree.size()},
                                    {"milliseconds", static_cast<std::int64_t>(took.count())}});
}

std::unique_ptr<runtime::Session> Server::session(runtime::Peer& peer, runtime::Output& output,
                                                  std::shared_ptr<runtime::Waker> waker, bool offers_tls) {
  std::shared_ptr<const Settings> settings;
  {
    const std::scoped_lock lock(state_->mutex);
    settings = state_->settings;
  }
  return std::make_unique<Session>(state_->shared, std::move(settings), peer, output, std::move(waker), offers_tls);
}

}  // namespace gatepost::ldap::server
