#pragma once

#include <array>

#include "base/log.hpp"

namespace gatepost::api::event {

inline constexpr Event kAdministered{"admin.done", Level::notice,
                                     "Somebody with a role changed something through the web.",
                                     "`who` asked for `verb`, about `what`; `done` is no when it was refused or "
                                     "failed. What the command line does is "
                                     "not in this line: it is root's.",
                                     "Nothing, when it was meant."};

inline constexpr Event kSecondFactor{
    "account.second_factor", Level::notice, "A second factor was set up, taken away, or got new recovery codes.",
    "`name` did it in the webmail from `remote`; `what` is on, off or codes. What an administrator does is in "
    "`admin.done`.",
    "Ask `name`, if it was not meant."};

inline constexpr Event kExported{"account.exported", Level::notice, "Somebody downloads all of his mail.",
                                 "`name` asked for it in the webmail, from `remote`.",
                                 "Ask `name`, if it was not meant: with a stolen password somebody else may have it."};

inline constexpr std::array kAll{kAdministered, kSecondFactor, kExported};

}  // namespace gatepost::api::event
