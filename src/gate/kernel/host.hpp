#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gate/ruleset/reach.hpp"

namespace gatepost::gate {

// Interfaces and addresses of this network namespace.
Result<Host> this_host();

// A TCP socket that listens in this network namespace, of whatever program.
struct Listening {
  IpAddress address;  // 0.0.0.0 or :: for all
  std::uint16_t port = 0;
  bool operator==(const Listening&) const = default;
};
std::vector<Listening> listening_sockets();
// The lines of /proc/net/tcp or tcp6.
std::vector<Listening> parse_listening(std::string_view proc_net_tcp);

// Whether a program reads the NFLOG group in this network namespace; nullopt: the kernel does not say.
std::optional<bool> log_group_is_read(std::uint16_t group);
// The lines of /proc/net/netfilter/nfnetlink_log.
bool parse_log_group(std::string_view proc, std::uint16_t group);

// Tables of iptables-legacy that are loaded ("filter", "nat"): a rule store beside nftables, which its listing does not
// show. Empty: none.
std::vector<std::string> legacy_tables();

// Where whoever runs this program came from, by SSH.
struct SshConnection {
  IpAddress client, server;
  std::uint16_t client_port = 0, server_port = 0;
  bool operator==(const SshConnection&) const = default;
};
// "192.0.2.1 50022 198.51.100.1 22", as sshd sets SSH_CONNECTION.
std::optional<SshConnection> parse_ssh_connection(std::string_view text);
// Of this process, or of one it descends from: sudo takes the variable away.
std::optional<SshConnection> ssh_connection();

}  // namespace gatepost::gate
