#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "discovery/mail_services.hpp"

namespace gatepost::discovery {

// A configuration profile for iOS, iPadOS and macOS (a property list: Apple, "Configuration Profile Reference", payload
// com.apple.mail.managed): IMAP, or POP3 where there is no IMAP, and submission. It asks for the password when it is
// installed. Errc::not_found: there is nothing to read mail with, or nothing to send it by. The same address gives the
// same identifiers, so that a profile that is installed again takes the place of the one before.
Result<std::string> write_apple_profile(const MailServices& services, std::string_view address,
                                        std::string_view hostname);

// `octets` within CMS SignedData (RFC 5652 5), DER, with the chain of `chain_pem` (leaf first): what devices show as
// "verified" when they trust the server's certificate. Errc::invalid: the certificate and key do not do.
Result<std::string> sign_profile(std::string_view octets, const std::string& chain_pem, const std::string& key_pem);

}  // namespace gatepost::discovery
