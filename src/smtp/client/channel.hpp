#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "smtp/client/connection.hpp"
#include "smtp/client/delivery.hpp"
#include "smtp/client/tally.hpp"

namespace gatepost::smtp::client {

// What conversations work with: the services, the settings of the attempt, and TLS as they ask for it.
struct Tools {
  const Services& services;
  const Settings& settings;
  runtime::TlsClient& any_certificate;   // opportunistic, and required without verification
  runtime::TlsClient& good_certificate;  // smart hosts
};

// A server that has been greeted, and that we are signed in at where that is asked for.
struct Channel {
  Connection connection;
  std::string host;       // for logs and results
  Capabilities offers{};  // as it says now
  bool tls = false;
  std::uint32_t messages = 0;  // sent so far
  SteadyPoint idle_since{};
};

// Where to connect to, and how.
struct Target {
  std::string host;
  Endpoint at;
  TlsUse tls = TlsUse::opportunistic;
  const SmartHost* smart_host = nullptr;  // none: a mail exchanger
};

// Connects, greets, starts TLS, signs in. When opportunistic TLS fails, once more without it. The verdict is about this
// host alone.
Task<std::expected<std::unique_ptr<Channel>, Verdict>> open_channel(Tools tools, Target target);

// "451 4.4.2 <host>: the connection was closed" and the like.
Verdict broken(const Error& error, const std::string& host, std::string_view during);

}  // namespace gatepost::smtp::client
