#include "http/server/server.hpp"

#include <mutex>
#include <utility>

#include "http/server/conversation.hpp"
#include "http/server/h1_session.hpp"
#include "http/server/h2_session.hpp"

namespace gatepost::http::server {

struct Server::State {
  State(Services services, Settings s, std::string service, const Router& routes)
      : shared(services, std::move(service), routes), settings(std::make_shared<const Settings>(std::move(s))) {}
  Shared shared;
  std::mutex mutex;  // guards settings
  std::shared_ptr<const Settings> settings;
};

Server::Server(Services services, Settings settings, std::string service, const Router& routes)
    : state_(std::make_unique<State>(services, std::move(settings), std::move(service), routes)) {}

Server::~Server() = default;

void Server::reload(Settings settings) {
  auto fresh = std::make_shared<const Settings>(std::move(settings));
  const std::lock_guard lock(state_->mutex);
  state_->settings = std::move(fresh);
}

std::unique_ptr<runtime::Session> Server::session(runtime::Peer& peer, runtime::Output& output,
                                                  std::shared_ptr<runtime::Waker> waker) {
  std::shared_ptr<const Settings> settings;
  {
    const std::lock_guard lock(state_->mutex);
    settings = state_->settings;
  }
  // RFC 8737 3: a handshake that showed a proof is all there is to such a connection.
  const std::string_view alpn = peer.tls ? std::string_view(peer.tls->alpn) : std::string_view();
  if (alpn == "acme-tls/1") return nullptr;
  if (alpn == "h2") {
    return std::make_unique<H2Session>(state_->shared, std::move(settings), peer, output, std::move(waker));
  }
  return std::make_unique<H1Session>(state_->shared, std::move(settings), peer, output, std::move(waker));
}

}  // namespace gatepost::http::server
