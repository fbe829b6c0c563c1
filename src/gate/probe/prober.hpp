#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "gate/probe/report.hpp"
#include "gate/probe/services.hpp"

// Looks at a server as a stranger would: connects, listens, asks what it can do, starts TLS, and never signs in and
// never sends mail (no AUTH, no DATA, no bind).
namespace gatepost::gate::probe {

class Authorities;

struct Settings {
  std::string server_name;                     // for TLS and HTTP; empty: the certificate's name is not judged
  std::optional<IpAddress> source;             // address to leave from
  std::string ca_file;                         // PEM of authorities; empty: the system's
  std::string also_ca_file;                    // trusted beside them, as this server's own; empty: none
  std::optional<std::string> leaf_on_disk;     // DER of the certificate that should be served
  std::string helo_name = "probe.invalid";     // RFC 6761 6.4: nobody's
  std::string outside_domain = "example.com";  // a domain the server is not responsible for
  bool relay_test = true;
  bool old_tls_test = true;
  // The server may treat the address this comes from as its own. Not set: loopback is.
  std::optional<bool> trusted_source;
  bool exchange = false;  // look for Exchange's administration over HTTPS
  std::chrono::milliseconds connect_timeout{1500};
  std::chrono::milliseconds answer_timeout{5000};  // of each answer
  const Authorities* authorities = nullptr;        // of the two files, read already; null: they are read when needed
};

// One port, all stages; blocks the calling thread. `clock` gives the time certificates are judged by.
PortReport probe_port(const Service& service, const IpAddress& address, const Settings& settings, const Clock& clock);

// All services on all addresses at once, at most `threads` at a time.
std::vector<PortReport> probe_ports(const std::vector<std::pair<Service, IpAddress>>& targets, const Settings& settings,
                                    const Clock& clock, std::size_t threads = 64);

// The addresses of a name (or the address itself), at most four, with a finding of the stage resolve; and for each the
// way there: addresses this host cannot reach at all are left out, with a finding of the stage route.
std::vector<IpAddress> find_addresses(const std::string& host, const Settings& settings,
                                      std::vector<Finding>& findings);

}  // namespace gatepost::gate::probe
