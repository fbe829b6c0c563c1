#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "http/server/router.hpp"

namespace gatepost::http::server {

// The proofs that certificate authorities ask for on port 80 (RFC 8555 8.3): whoever orders a certificate puts the key
// authorisation here before it says that it is ready, and takes it away after. Thread-safe.
class Challenges {
 public:
  void put(std::string token, std::string key_authorization);
  void remove(std::string_view token);
  std::optional<std::string> find(std::string_view token) const;

 private:
  mutable std::mutex mutex_;  // guards tokens_
  std::map<std::string, std::string, std::less<>> tokens_;
};

// The routes of service http: challenges, and 308 to https for all else. `https_port`: in the new address; 443 is left
// out; 0: there is no https, and all else is 404.
void add_plain_routes(Router& router, const Challenges& challenges, std::string hostname,
                      std::function<std::uint16_t()> https_port);

}  // namespace gatepost::http::server
