#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "sasl/mechanism.hpp"

// SASL GSSAPI: Kerberos V5 (RFC 4752). No security layer is offered: there is TLS around it. No channel binding either:
// RFC 4752 3.1 has none.
namespace gatepost::sasl {

// What fits into the line of RFC 4954 4 in base64. A ticket with the groups of somebody who is in hundreds may be
// larger, and is refused.
inline constexpr std::size_t kMaxTicketOctets = 9200;

struct LayerChoice {
  std::string name;  // the authorization identity; empty: none
  bool operator==(const LayerChoice&) const = default;
};
// The client's last message out of its wrapping (RFC 4752 3.1, last paragraph): one octet of a layer, three of a size,
// the rest a name in UTF-8. Errc::invalid: breaks that. Errc::unsupported: wants a security layer.
Result<LayerChoice> parse_layer_choice(std::string_view message);
std::string write_layer_choice(const LayerChoice& choice);

// `acceptor` outlives it.
std::unique_ptr<Exchange> make_gssapi_exchange(TicketAcceptor& acceptor, std::string_view service);

}  // namespace gatepost::sasl
