#pragma once

#include <array>

#include "base/ip.hpp"
#include "base/metrics.hpp"
#include "directory/principal.hpp"
#include "smtp/server/rate_limit.hpp"
#include "smtp/server/server.hpp"

namespace gatepost::smtp::server {

std::string_view to_string(Service service);  // "smtp", "submission"

struct Counters {  // of one service
  Counters(Metrics& metrics, Service service);
  Gauge& sessions;
  Counter& connections;
  Counter& commands;
  Counter& bad_commands;
  Counter& accepted;
  Counter& refused;
  Counter& recipients_refused;
};

// What the sessions of one server use together. Thread-safe.
struct Shared {
  explicit Shared(Services all);
  Counters& counters(Service service) { return by_service[static_cast<std::size_t>(service)]; }

  Services services;
  std::array<Counters, 2> by_service;
  RateLimit<IpAddress> messages_by_address;  // by IpAddress::limit_key()
  RateLimit<directory::PrincipalId> messages_by_account, recipients_by_account;
};

}  // namespace gatepost::smtp::server
