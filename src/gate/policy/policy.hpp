#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "gate/policy/address_set.hpp"

// From the configuration and the sockets that are really bound to what the firewall should do. Values and pure
// functions alone.
namespace gatepost::gate {

// A listening socket of the running daemon.
struct BoundSocket {
  std::string listener;
  Endpoint at;
  std::uint64_t connections = 0;
};

// From the JSON of `gatepost status`. Errc::invalid: it is not that.
Result<std::vector<BoundSocket>> bound_sockets(std::string_view status_json);

// Somebody who may connect, and why.
struct Source {
  std::string why;  // "internet", "trusted", "vpn", "admin", "networks", "group-NAME", "exception-N"
  AddressSet addresses;
  std::string reason;  // of an exception; where a group comes from
  TimePoint until{};   // epoch: for good
  bool operator==(const Source&) const = default;
};

// What one listener means to the firewall.
struct PortPolicy {
  std::string service;  // the listener's name
  config::Service speaks = config::Service::smtp;
  std::uint16_t port = 0;  // TCP
  config::TlsMode tls = config::TlsMode::none;
  config::Audience audience = config::Audience::off;
  bool listening = false;       // a socket of the daemon is bound
  AddressSet destinations;      // the addresses it is bound to: all of a family for 0.0.0.0 and ::
  std::vector<Source> sources;  // disjoint, in the order they count
  std::uint32_t per_minute = 0, max_connections = 0;  // new connections of one source; at one time; 0: no limit
  config::GateLog log = config::GateLog::drops;
  std::string reason, owner;
  TimePoint review_by{};

  AddressSet admitted() const;  // all sources together
};

// One for each listener, off ones included. `bound`: what the daemon has open; nullopt when no daemon runs, then the
// configuration's addresses count and nothing is `listening`. Expired exceptions are left out.
std::vector<PortPolicy> port_policies(const config::Config&, const std::optional<std::vector<BoundSocket>>& bound,
                                      TimePoint now);

// A part of the policy that needs a person.
struct Finding {
  std::string where;  // "imaps"
  std::string what;   // "nobody wrote down why it is open"
  std::string cure;
  bool operator==(const Finding&) const = default;
};
std::vector<Finding> findings(const config::Config&, const std::vector<PortPolicy>&, TimePoint now);

// --- what backends translate -------------------------------------------------------------------------------------

struct Opening {
  std::string why;
  AddressSet sources;
  TimePoint until{};  // epoch: for good
  bool operator==(const Opening&) const = default;
};

// Verdict on new connections to one port: the first opening that has the source accepts, within the limits; all others
// are dropped.
struct PortIntent {
  std::string service;
  std::uint16_t port = 0;
  AddressSet destinations;
  std::vector<Opening> openings;  // disjoint
  std::uint32_t per_minute = 0, max_connections = 0;
  config::GateLog log = config::GateLog::drops;
  std::string reason;
  bool operator==(const PortIntent&) const = default;
};

// Connections processes of `Intent::egress_user` may make.
struct EgressIntent {
  std::string purpose;  // "dns", "smtp", "port-443"
  std::uint16_t port = 0;
  bool udp = false, tcp = true;
  AddressSet to;
  bool operator==(const EgressIntent&) const = default;
};

struct Intent {
  config::Gate::Scope scope = config::Gate::Scope::own_ports;
  std::vector<PortIntent> ports;                // those with a listener, by port
  std::vector<std::uint16_t> management_ports;  // host scope alone
  AddressSet management;
  std::string egress_user;  // empty: egress is not limited
  std::vector<EgressIntent> egress;
  std::uint16_t log_group = 0;
  bool operator==(const Intent&) const = default;

  // 16 hexadecimal digits that name this content: the same wherever it is computed.
  std::string hash() const;
};

Intent intent_of(const config::Config&, const std::vector<PortPolicy>&);

}  // namespace gatepost::gate
