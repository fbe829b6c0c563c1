#pragma once

#include <array>

#include "base/log.hpp"

namespace gatepost::account::event {

inline constexpr Event kDamaged{
    "account.damaged", Level::error, "A record of an account cannot be read and is left out.",
    "`where` names it. The rest of the account works.", "Run `gatepost store check --repair`; look at the disk."};
inline constexpr Event kReloaded{
    "account.reloaded", Level::warning, "An account was changed from outside and has been read again.",
    "Something else wrote to the store while the server was running, or a commit's outcome was unknown.",
    "Make sure that only one server uses the store."};
inline constexpr Event kRepaired{"account.repaired", Level::notice, "An account was repaired.",
                                 "`findings` things did not fit together.", "Nothing."};

inline constexpr Event kBegunAnew{
    "account.begun_anew", Level::info, "An account goes on after a restore, with numbers far from those before.",
    "The backup was `lost` seconds old. Clients that were here in that time are sent all flags once; nobody loads a "
    "message again.",
    "Nothing."};

inline constexpr Event kRemovalFinished{"account.removal_finished", Level::notice,
                                        "An interrupted deletion of an account was completed.",
                                        "The server ended while the account was being deleted.", "Nothing."};

inline constexpr std::array kAll{kDamaged, kReloaded, kRepaired, kBegunAnew, kRemovalFinished};

}  // namespace gatepost::account::event
