#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "discovery/mail_services.hpp"

// Automatic configuration by one JSON document (draft-ietf-mailmaint-pacc-02), at
// https://ua-auto-config.DOMAIN/.well-known/user-agent-configuration.json.
namespace gatepost::discovery {

inline constexpr std::string_view kPaccHost = "ua-auto-config.";
inline constexpr std::string_view kPaccPath = "/.well-known/user-agent-configuration.json";

// The document, the same octets whenever it is asked for: a digest of them is in the DNS. It names hosts alone, so it
// has what is at the ports that everybody knows, with TLS from the start; `https`: the port of the web, 0: none. Empty:
// that is nothing.
std::string write_pacc(std::string_view domain, std::string_view hostname, const MailServices& services,
                       std::uint16_t https);

// The TXT record of _ua-auto-config.DOMAIN, without which programs do not believe the document.
std::string pacc_digest(std::string_view document);

}  // namespace gatepost::discovery
