#pragma once

#include <cstdint>
#include <memory>

#include "config/config.hpp"
#include "daemon/protocols.hpp"
#include "discovery/mail_services.hpp"
#include "http/server/challenges.hpp"
#include "runtime/connection.hpp"
#include "runtime/tls_context.hpp"

namespace gatepost::daemon {

// What mail programs at `client` may be pointed to: listeners with TLS that admit it, in order.
discovery::MailServices mail_services(const std::vector<config::Listener>& listeners, const config::Networks& networks,
                                      const std::string& host, const IpAddress& client, TimePoint now);

// What the whole internet may connect to, and the port of https; 0: none. For what is published in the DNS.
discovery::MailServices services_for_strangers(const config::Config& config, TimePoint now);
std::uint16_t https_for_strangers(const config::Config& config);

// Of the first listener for https that somebody may connect to; 0: none.
std::uint16_t https_port_of(const config::Config& config);

// Everything that is spoken to by HTTP: the routes of services http, https and metrics, and what answers them.
// Thread-safe; outlives its sessions.
class Web {
 public:
  Web(const ProtocolParts& parts, const config::Config& config);
  ~Web();
  void reload(const config::Config& config);  // new connections follow
  // `service`: http, https or metrics.
  runtime::SessionFactory factory(config::Service service);
  // What profiles for Apple's devices are signed with.
  void set_certificates(const runtime::TlsServerSettings& tls);
  // Of port 80, for whoever orders certificates.
  http::server::Challenges& challenges();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gatepost::daemon
