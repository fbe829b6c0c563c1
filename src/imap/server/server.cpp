#include "imap/server/server.hpp"

#include <mutex>
#include <utility>

#include "imap/server/session.hpp"

namespace gatepost::imap::server {

struct Server::State {
  explicit State(const Services& services) : shared(services) {}
  Shared shared;
  std::mutex mutex;  // guards settings
  std::shared_ptr<const Settings> settings;
};

Server::Server(Services services, Settings settings) : state_(std::make_unique<State>(services)) {
  reload(std::move(settings));
}

Server::~Server() = default;

void Server::reload(Settings settings) {
  auto next = std::make_shared<const Settings>(std::move(settings));
  const std::scoped_lock lock(state_->mutex);
  state_->settings = std::move(next);
}

std::vector<std::pair<std::string, std::size_t>> Server::clients() const { return state_->shared.clients.all(); }

std::unique_ptr<runtime::Session> Server::session(runtime::Peer& peer, runtime::Output& output,
                                                  std::shared_ptr<runtime::Waker> waker, bool offers_tls) {
  std::shared_ptr<const Settings> settings;
  {
    const std::scoped_lock lock(state_->mutex);
    settings = state_->settings;
  }
  return std::make_unique<Session>(state_->shared, std::move(settings), peer, output, std::move(waker), offers_tls);
}

}  // namespace gatepost::imap::server
