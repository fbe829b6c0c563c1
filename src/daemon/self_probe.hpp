#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "config/config.hpp"
#include "gate/probe/report.hpp"
#include "gate/probe/services.hpp"

namespace gatepost::daemon {

// What a listener should be to somebody who looks at it from outside.
gate::probe::Service probed_service(const config::Listener& listener);
// The address by which this host reaches a listener's: loopback for one of all addresses.
IpAddress reached_at(const IpAddress& bound);

using OpenPort = std::pair<config::Listener, Endpoint>;

// Connects to each of `ports` that has TLS and looks at the certificate it shows for `host`. Blocks; nothing is signed
// in to or sent. `leaf_der`: what should be shown. `ca_file`: authorities; empty: the system's.
std::vector<gate::probe::PortReport> probe_ports(const std::vector<OpenPort>& ports, const std::string& host,
                                                 const std::string& leaf_der, const std::filesystem::path& ca_file,
                                                 const Clock& clock);

}  // namespace gatepost::daemon
