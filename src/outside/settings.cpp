#include "outside/settings.hpp"

#include <fmt/format.h>

namespace gatepost::outside {

std::string Server::to_string() const {
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", tls == Tls::implicit ? "ldaps" : "ldap", v6 ? "[" : "", host, v6 ? "]" : "",
                     port);
}

}  // namespace gatepost::outside
