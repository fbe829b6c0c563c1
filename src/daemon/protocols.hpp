#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "admin/command.hpp"
#include "config/config.hpp"
#include "daemon/product.hpp"
#include "directory/door.hpp"
#include "directory/web_sessions.hpp"
#include "mailflow/reception.hpp"
#include "runtime/connection.hpp"
#include "runtime/resolver.hpp"
#include "runtime/tls_context.hpp"
#include "runtime/workers.hpp"
#include "search/indexes.hpp"

namespace gatepost::http::server {
class Challenges;
}

namespace gatepost::daemon {

// What the servers of the protocols use; outlives them.
struct ProtocolParts {
  Product& product;
  directory::Door& door;
  directory::WebSessions& web_sessions;
  mailflow::Reception& reception;
  runtime::Resolver& resolver;
  runtime::Workers& workers;
  runtime::Workers& sign_in_workers;
  search::Indexes* search;  // null: there are none
  Log& log;
  std::function<admin::Reply(const admin::Request&)> administer;
  std::string ldap_identity;  // the UUIDs of directory entries come from it
  // How long the clients from there are turned away yet; nullopt: they are served.
  std::function<std::optional<std::chrono::seconds>(const IpAddress&)> away;
  // Whether an address is banned, for clients behind proxies.
  std::function<bool(const IpAddress&)> refuses;
};

// The servers of all protocols, with their settings. Thread-safe; outlives its sessions.
class Protocols {
 public:
  Protocols(ProtocolParts parts, const config::Config& config);
  ~Protocols();
  void reload(const config::Config& config);  // new sessions follow
  // Reads into memory what the first client would wait for. Blocks; may run beside everything else.
  void warm_up();
  // What makes the sessions of a listener. May be used as long as this lives.
  runtime::SessionFactory factory(const config::Listener& listener);
  // After the start, and when they change.
  void set_certificates(const runtime::TlsServerSettings& tls);
  // Of port 80: where the proofs for certificate authorities are put.
  http::server::Challenges& challenges();
  // What IMAP sessions of now say to be, and how many of each.
  std::vector<std::pair<std::string, std::size_t>> imap_clients() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gatepost::daemon
