#pragma once

#include <sys/socket.h>

#include <optional>

#include "base/ip.hpp"

namespace gatepost::runtime {

// The kernel's form of an endpoint.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);
  sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// IPv4 endpoints become AF_INET, others AF_INET6.
SocketAddress to_socket_address(const Endpoint& endpoint);
std::optional<Endpoint> to_endpoint(const SocketAddress& address);

// The socket's own address and its peer's; none for other families or after an error.
std::optional<Endpoint> local_endpoint(int fd);
std::optional<Endpoint> remote_endpoint(int fd);

}  // namespace gatepost::runtime
