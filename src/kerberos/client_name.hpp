#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace gatepost::kerberos {

// Whom a ticket names: one component and a realm (RFC 4120 6.2).
struct ClientName {
  std::string user, realm;
  bool operator==(const ClientName&) const = default;
};

// The text that RFC 1964 2.1.1 makes of a principal name: user@REALM. Errc::invalid: a name of several components
// (services, "anna/admin"), one with escapes or with characters that no user of ours has, an anonymous one, or of no
// realm.
Result<ClientName> read_client_name(std::string_view text);

}  // namespace gatepost::kerberos
