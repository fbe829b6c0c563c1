#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "runtime/session.hpp"

namespace gatepost::account {
class Accounts;
}
namespace gatepost::directory {
class Door;
}
namespace gatepost::runtime {
class Workers;
}

namespace gatepost::pop3::server {

// What the configuration says; never changes within a session.
struct Settings {
  std::string hostname;                      // in the greeting
  std::chrono::seconds login_delay{0};       // between two sign-ins of one account (RFC 2449 6.5); 0: none
  std::optional<std::uint32_t> expire_days;  // what EXPIRE announces (RFC 2449 6.7); none: NEVER
  std::uint32_t bad_commands = 20;           // of one connection, before it is closed
  std::uint32_t failed_sign_ins = 5;         // of one connection, before it is closed
};

// What the server uses; all of it outlives the server and its sessions.
struct Services {
  account::Accounts& accounts;
  directory::Door& door;
  runtime::Workers& workers;
  const Clock& clock;
  Log& log;
  Metrics& metrics;
  // For password checks, which take long and come in storms; null: `workers`.
  runtime::Workers* sign_in_workers = nullptr;

  runtime::Workers& workers_for_sign_in() const { return sign_in_workers != nullptr ? *sign_in_workers : workers; }
};

// Makes the sessions of ports 110 and 995. Thread-safe; outlives its sessions.
class Server {
 public:
  Server(Services services, Settings settings);
  ~Server();
  void reload(Settings settings);  // new sessions follow
  // `offers_tls`: whether STLS can be answered on this listener (TLS mode starttls; without TLS yet).
  std::unique_ptr<runtime::Session> session(runtime::Peer& peer, runtime::Output& output,
                                            std::shared_ptr<runtime::Waker> waker, bool offers_tls = true);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gatepost::pop3::server
