#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hpp"

// Every endpoint the daemon opens: what speaks there, with which TLS, to whom, and why.
namespace gatepost::config {

enum class Service : std::uint8_t { smtp, submission, imap, pop3, metrics };
enum class TlsMode : std::uint8_t {
  none,      // no TLS at all; nobody can sign in there
  starttls,  // plain first, upgraded by STARTTLS / STLS; sign-in only after it
  implicit,  // TLS from the first octet (RFC 8314 3)
};
// Who may connect. All words but `internet` and `off` stand for the networks of that name in [networks].
enum class Audience : std::uint8_t { internet, trusted, vpn, admin, off };

// The words of the configuration file.
std::string_view to_string(Service);
std::string_view to_string(TlsMode);
std::string_view to_string(Audience);
std::optional<Service> service_named(std::string_view word);
std::optional<TlsMode> tls_mode_named(std::string_view word);
std::optional<Audience> audience_named(std::string_view word);

// [networks]
struct Networks {
  std::vector<Network> trusted;  // default: loopback
  std::vector<Network> vpn;      // default: none
  std::vector<Network> admin;    // default: loopback
  bool operator==(const Networks&) const = default;
};

// [listener.NAME]
struct Listener {
  std::string name;  // "imaps"; on log lines and in metrics
  Service service = Service::smtp;
  std::vector<IpAddress> addresses;  // never empty after load(); "*" is 0.0.0.0 and ::, bound apart (IPV6_V6ONLY)
  std::uint16_t port = 0;            // as it is bound: [server] port_offset is already added
  TlsMode tls = TlsMode::starttls;
  Audience audience = Audience::internet;    // off: not bound
  std::vector<Network> networks;             // more networks that may connect, beside the audience's
  bool proxy_protocol = false;               // PROXY protocol v1 or v2 comes first; see ProxyProtocol::trusted
  std::uint32_t max_connections = 0;         // 0: only the limits of [limits]
  std::uint32_t connections_per_minute = 0;  // new ones per address (IPv6: per /64); 0: no limit
  std::string reason;                        // why it is open, one sentence; `gate explain` shows it
  bool operator==(const Listener&) const = default;

  // What is bound: one for each address.
  std::vector<Endpoint> endpoints() const;
};

// The networks that may connect to `listener`; empty when everybody may (audience internet), also empty when nobody may
// (off).
std::vector<Network> admitted_networks(const Listener& listener, const Networks& networks);
// A peer that is not admitted is closed without a banner. Loopback gets no exception: list it where it is wanted.
bool admits(const Listener& listener, const Networks& networks, const IpAddress& peer);

// What the daemon opens when the file names no listener of its own: smtp 25, submission 587, submissions 465, imap 143,
// imaps 993, pop3 110, pop3s 995 for the internet, and metrics 9464 for admin on loopback.
std::vector<Listener> default_listeners();

}  // namespace gatepost::config
