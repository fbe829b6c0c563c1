#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/date.hpp"
#include "base/ip.hpp"

// Every endpoint the daemon opens: what speaks there, with which TLS, to whom, and why.
namespace gatepost::config {

// http: redirects to https and answers certificate authorities; https: everything on the web.
enum class Service : std::uint8_t { smtp, submission, imap, pop3, ldap, http, https, metrics };
enum class TlsMode : std::uint8_t {
  none,      // no TLS at all; nobody can sign in there
  starttls,  // plain first, upgraded by STARTTLS / STLS; sign-in only after it
  implicit,  // TLS from the first octet (RFC 8314 3)
};
// Who may connect. All words but `internet` and `off` stand for the networks of that name in [networks].
// `named`: only the listener's own networks, groups and exceptions.
enum class Audience : std::uint8_t { internet, trusted, vpn, admin, named, off };
// What the firewall writes to its log for a listener.
enum class GateLog : std::uint8_t { drops, all, none };

// The words of the configuration file.
std::string_view to_string(Service);
std::string_view to_string(TlsMode);
std::string_view to_string(Audience);
std::string_view to_string(GateLog);
std::optional<Service> service_named(std::string_view word);
std::optional<TlsMode> tls_mode_named(std::string_view word);
std::optional<Audience> audience_named(std::string_view word);

// [[networks.group]]: networks that belong together and change together, such as those of a filter service.
struct NetworkGroup {
  std::string name;
  std::vector<Network> networks;
  std::string file;    // one network a line, "#" begins a comment; read at load and reload, added to `networks`
  std::string source;  // where they come from, for people
  bool operator==(const NetworkGroup&) const = default;
};

// [[gate.exception]]: networks that may connect to one listener until a day.
struct Exception {
  std::string listener;
  std::vector<Network> networks;
  TimePoint until{};  // the first moment they may not
  std::string reason, owner;
  bool operator==(const Exception&) const = default;
};

// [networks]
struct Networks {
  std::vector<Network> trusted;  // default: loopback
  std::vector<Network> vpn;      // default: none
  std::vector<Network> admin;    // default: loopback
  std::vector<NetworkGroup> groups;
  bool operator==(const Networks&) const = default;
};

// [listener.NAME]
struct Listener {
  std::string name;  // "imaps"; on log lines and in metrics
  Service service = Service::smtp;
  std::vector<IpAddress> addresses;  // never empty after load(); "*" is 0.0.0.0 and ::, bound apart (IPV6_V6ONLY)
  std::uint16_t port = 0;            // as it is bound: [server] port_offset is already added
  TlsMode tls = TlsMode::starttls;
  Audience audience = Audience::internet;  // off: not bound
  std::vector<Network> networks;           // more networks that may connect, beside the audience's
  std::vector<std::string> groups;         // names of [[networks.group]]
  std::vector<Exception> exceptions;       // those of [[gate.exception]] that name this listener; complete() puts them
  bool client_certificates = false;        // clients are asked for one, to sign in by (EXTERNAL)
  bool proxy_protocol = false;             // PROXY protocol v1 or v2 comes first; see ProxyProtocol::trusted
  std::uint32_t max_connections = 0;       // 0: only the limits of [limits]
  std::uint32_t connections_per_minute = 0;  // new ones per address (IPv6: per /64); 0: no limit
  GateLog log = GateLog::drops;              // by the firewall
  std::string reason;                        // why it is open, one sentence; `gatepost gate` shows it
  std::string owner;                         // who answers for it
  TimePoint review_by{};                     // when somebody should ask again whether it is needed; epoch: never
  bool operator==(const Listener&) const = default;

  // What is bound: one for each address.
  std::vector<Endpoint> endpoints() const;
};

// The networks that may connect to `listener` for good; empty when everybody may (audience internet), also empty when
// nobody may (off). Exceptions are not among them.
std::vector<Network> admitted_networks(const Listener& listener, const Networks& networks);
// A peer that is not admitted is closed without a banner. Loopback gets no exception: list it where it is wanted.
bool admits(const Listener& listener, const Networks& networks, const IpAddress& peer, TimePoint now);

// What the daemon opens when the file names no listener of its own: smtp 25, submission 587, submissions 465, imap 143,
// imaps 993, pop3 110, pop3s 995, http 80, https 443 for the internet, ldap 389 and ldaps 636 for trusted networks, and
// metrics 9464 for admin on loopback.
std::vector<Listener> default_listeners();

}  // namespace gatepost::config
