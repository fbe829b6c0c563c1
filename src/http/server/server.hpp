#pragma once

#include <memory>
#include <string>

#include "http/server/router.hpp"
#include "http/server/settings.hpp"
#include "runtime/session.hpp"

namespace gatepost::http::server {

// Makes the sessions of the ports that speak HTTP: HTTP/1.1 (RFC 9112), and HTTP/2 (RFC 9113) where ALPN agreed on
// "h2". One for each set of routes: that of https, that of http, that of the metrics. Thread-safe; outlives its
// sessions.
class Server {
 public:
  // `service`: for the log, for metrics, and for the door ("https"). `routes` is borrowed.
  Server(Services services, Settings settings, std::string service, const Router& routes);
  ~Server();
  void reload(Settings settings);  // new connections follow
  std::unique_ptr<runtime::Session> session(runtime::Peer& peer, runtime::Output& output,
                                            std::shared_ptr<runtime::Waker> waker);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gatepost::http::server
