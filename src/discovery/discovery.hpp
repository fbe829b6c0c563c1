#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/ip.hpp"
#include "discovery/mail_services.hpp"
#include "http/server/router.hpp"

namespace gatepost::directory {
class Directory;
}

namespace gatepost::discovery {

// What the configuration says.
struct Settings {
  std::string hostname;
  std::uint16_t https_port = 443;  // as clients reach it
  // What a client at this address may connect to, in order. Called on I/O threads.
  std::function<MailServices(const IpAddress& client)> services;
  // What the whole internet may connect to, and the port of its web; 0: none.
  MailServices for_strangers = {};
  std::uint16_t https_for_strangers = 0;
  std::string webmail = {};  // its URL; empty: there is none
};

// How programs that know an address and a password find the rest: Autodiscover (POX, SOAP and v2), Mozilla's
// autoconfig, PACC, Apple's profiles. Answers to who has not signed in depend on the domain of the address alone, so
// that nobody learns here who has an account; and on what the asking client may connect to. Thread-safe; outlives the
// router's connections.
class Discovery {
 public:
  Discovery(directory::Directory& directory, Settings settings);
  ~Discovery();
  void reload(Settings settings);
  // What profiles are signed with; PEM, leaf first. Without it they are sent unsigned.
  void set_certificate(std::string chain_pem, std::string key_pem);
  void add_routes(http::server::Router& router);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gatepost::discovery
