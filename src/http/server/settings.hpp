#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"

namespace gatepost::directory {
class Door;
class WebSessions;
}  // namespace gatepost::directory
namespace gatepost::runtime {
class Workers;
}

namespace gatepost::http::server {

// What the configuration says; never changes within a connection.
struct Settings {
  std::string hostname;
  std::size_t header_octets = 32 << 10;
  std::size_t header_fields = 100;
  std::uint64_t body_octets = 64ULL << 20;  // of one request, where its route sets no limit
  std::uint32_t streams = 100;              // of one HTTP/2 connection
  std::uint32_t failed_sign_ins = 10;       // of one connection, before it is closed
  std::uint32_t bad_requests = 20;          // in a row for what is not there, before it is closed
  std::chrono::seconds hsts{0};             // RFC 6797 6.1.1, on connections with TLS; 0: not sent
  std::vector<Network> proxies;             // whose Forwarded and X-Forwarded-For are believed
  bool access_log = true;
};

// What the server uses; all of it outlives the server and its connections.
struct Services {
  directory::Door& door;
  runtime::Workers& workers;
  const Clock& clock;
  Log& log;
  Metrics& metrics;
  // For password checks, which take long and come in storms; null: `workers`.
  runtime::Workers* sign_in_workers = nullptr;
  directory::WebSessions* web_sessions = nullptr;  // null: no browser can be signed in
  // Nobody is served for so long yet: requests are answered with 503 and Retry-After (RFC 9110 15.6.4, 10.2.3), but for
  // routes that are `always` there. nullopt: as usual. Called on I/O threads; empty: as usual.
  std::function<std::optional<std::chrono::seconds>(const IpAddress& client)> away = {};
  // Whether a client behind a trusted proxy is banned: its requests are answered with 403. Who connects without one was
  // judged by the listener. Called on I/O threads; empty: nobody is.
  std::function<bool(const IpAddress& client)> refuses = {};

  runtime::Workers& workers_for_sign_in() const { return sign_in_workers != nullptr ? *sign_in_workers : workers; }
};

}  // namespace gatepost::http::server
