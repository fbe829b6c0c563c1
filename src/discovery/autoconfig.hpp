#pragma once

#include <string>
#include <string_view>

#include "discovery/mail_services.hpp"

namespace gatepost::discovery {

// Mail Autoconfig (draft-ietf-mailmaint-autoconfig; "config-v1.1.xml"), as Thunderbird, K-9, Evolution and KMail read
// it. `domain`: of the address that was asked for.
std::string write_autoconfig(const MailServices& services, std::string_view domain);

}  // namespace gatepost::discovery
