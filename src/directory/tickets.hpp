#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "sasl/mechanism.hpp"

namespace gatepost::directory {

// Who takes Kerberos tickets, and knows whose accounts they are. Thread-safe; outlives the door.
class Tickets : public sasl::TicketAcceptor {
 public:
  // The address of the account of a client whom a realm vouched for ("anna@CORP.EXAMPLE"). May block for a directory:
  // on workers alone. Errc::unauthenticated: of no realm or name that has one here. Errc::denied: known, and not let
  // in. Errc::unavailable and others: it could not be asked.
  virtual Result<std::string> account_of(std::string_view client) = 0;
};

// The service's name in tickets for HTTP (RFC 4559 4), whose tokens are no SASL.
inline constexpr std::string_view kHttpTickets = "HTTP";

// The service's name in tickets (RFC 9051 6.2.2: imap, RFC 5034 4: pop, RFC 4954 4: smtp, RFC 4513 5.2: ldap) of
// DoorContext::service; empty: none.
std::string_view ticket_service(std::string_view service);

}  // namespace gatepost::directory
