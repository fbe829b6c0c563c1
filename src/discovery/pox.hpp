#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "discovery/mail_services.hpp"

// Autodiscover as plain XML: [MS-OXDSCLI] 2.2.3 and 2.2.4 for mail programs, [MS-ASCMD] 2.2.1.1 for phones.
namespace gatepost::discovery {

enum class Schema : std::uint8_t { outlook, mobilesync, other };

struct PoxRequest {
  std::string address;  // EMailAddress; "" where only LegacyDN was sent
  Schema schema = Schema::other;
};
inline constexpr std::size_t kMaxPoxOctets = 16 << 10;
// Errc::invalid: no XML, with a document type (nothing may be declared here), or without what a request has.
Result<PoxRequest> parse_pox(std::string_view text);

// Settings for a mail program. Names of elements and their order are those of [MS-OXDSCLI] 2.2.4.1.1.2.
std::string write_pox(const MailServices& services, std::string_view address);

// [MS-OXDSCLI] 2.2.4.1.1.1, [MS-ASCMD] 2.2.3.64: 600 no valid request, 601 no provider for this schema, 500 nobody here
// has that address.
enum class PoxError : std::uint16_t { unknown_address = 500, invalid_request = 600, no_provider = 601 };
std::string write_pox_error(PoxError error, TimePoint now);

}  // namespace gatepost::discovery
