#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "directory/principal.hpp"
#include "runtime/session.hpp"

namespace gatepost::directory {
class Door;
}
namespace gatepost::runtime {
class Workers;
}

namespace gatepost::ldap::server {

// What the configuration says; never changes within a session.
struct Settings {
  std::string hostname;                  // dnsHostName of the root DSE
  std::string version;                   // vendorVersion
  std::uint32_t size_limit = 50'000;     // entries one search returns, over all its pages; 0: no limit
  std::chrono::seconds time_limit{60};   // of one search
  bool own_domain_only = false;          // people see those of their own domain alone
  bool writable = true;                  // administrators and people may change what is theirs to change
  std::uint32_t bad_messages = 20;       // of one connection, before it is closed
  std::uint32_t failed_sign_ins = 5;     // of one connection, before it is closed
  std::size_t message_octets = 1 << 20;  // of one request after the sign-in
};

// What the server uses; all of it outlives the server and its sessions.
struct Services {
  directory::Door& door;
  runtime::Workers& workers;
  const Clock& clock;
  Random& random;
  Log& log;
  Metrics& metrics;
  std::string identity;  // of this server; the UUIDs of entries come from it
  // For password checks, which take long and come in storms; null: `workers`.
  runtime::Workers* sign_in_workers = nullptr;
  // Deletes an account with its mail; empty: accounts cannot be deleted here. Blocks.
  std::function<Result<>(const directory::Principal&)> remove_account = {};

  runtime::Workers& workers_for_sign_in() const { return sign_in_workers != nullptr ? *sign_in_workers : workers; }
};

// Makes the sessions of ports 389 and 636. Thread-safe; outlives its sessions.
class Server {
 public:
  Server(Services services, Settings settings);
  ~Server();
  void reload(Settings settings);  // new sessions follow
  // Reads the directory for the first time; searches that come before it is done wait for it. Blocks.
  void warm_up();
  // `offers_tls`: whether StartTLS can be answered on this listener (TLS mode starttls; without TLS yet).
  std::unique_ptr<runtime::Session> session(runtime::Peer& peer, runtime::Output& output,
                                            std::shared_ptr<runtime::Waker> waker, bool offers_tls = true);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gatepost::ldap::server
