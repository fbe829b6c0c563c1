#pragma once

#include <lber.h>

#include <chrono>

namespace gatepost::outside {

// What a connection of libldap reads and writes by: a socket of ours, and a moment after which nothing waits any more.
// libldap's own time-outs do not bound a TLS handshake, nor the rest of a message that has begun.
struct TimedIo {
  int fd = -1;  // non-blocking; closed with the connection
  std::chrono::steady_clock::time_point deadline{};

  // For ber_sockbuf_add_io() at LBER_SBIOD_LEVEL_PROVIDER, with a TimedIo that outlives the connection as argument.
  static Sockbuf_IO functions();
};

}  // namespace gatepost::outside
