#pragma once

#include <string>
#include <utility>
#include <vector>

#include "account/account.hpp"
#include "directory/directory.hpp"
#include "jmap/server.hpp"
#include "mailflow/reception.hpp"

namespace gatepost::daemon {

// What somebody has beside his mail, for an export: "settings.json" (what JMAP says of identities, forwarding and the
// vacation) and "filters/NAME.sieve". Names and contents. Blocks.
Result<std::vector<std::pair<std::string, std::string>>> own_files(jmap::Server& server, mailflow::Reception& reception,
                                                                   account::Accounts& accounts,
                                                                   const directory::Principal& owner);

}  // namespace gatepost::daemon
