#include "smtp/server/server.hpp"

#include "smtp/server/session.hpp"
#include "smtp/server/shared.hpp"

namespace gatepost::smtp::server {

Server::Server(Services services, Settings settings)
    : shared_(std::make_unique<Shared>(services)), settings_(std::make_shared<const Settings>(std::move(settings))) {}

Server::~Server() = default;

void Server::reload(Settings settings) {
  auto fresh = std::make_shared<const Settings>(std::move(settings));
  const Lock lock(mutex_);
  settings_ = std::move(fresh);
}

std::unique_ptr<runtime::Session> Server::session(Service service, bool starttls, runtime::Peer& peer,
                                                  runtime::Output& output, std::shared_ptr<runtime::Waker> waker) {
  std::shared_ptr<const Settings> settings;
  {
    const Lock lock(mutex_);
    settings = settings_;
  }
  return std::make_unique<SmtpSession>(*shared_, std::move(settings), service, starttls, peer, output,
                                       std::move(waker));
}

}  // namespace gatepost::smtp::server
