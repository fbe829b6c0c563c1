#pragma once

#include <array>

#include "base/log.hpp"

namespace gatepost::outside::event {

inline constexpr Event kServerFailed{
    "outside.server_failed", Level::error, "A server of an outside directory does not answer as it should.",
    "`directory` is its name in the configuration, `detail` what went wrong. The next server is asked, and this one "
    "again "
    "after some seconds.",
    "`gatepost directory status` shows all servers. Look at the server, its certificate, the network, and the service "
    "account."};
inline constexpr Event kServerBack{"outside.server_back", Level::notice,
                                   "A server of an outside directory answers again.",
                                   "`directory` is its name in the configuration.", "Nothing."};
inline constexpr Event kAmbiguous{
    "outside.ambiguous", Level::error, "A name belongs to several entries of an outside directory.",
    "`name` was asked for, `filter` found more than one entry. Nobody can sign in by it.",
    "Make the entries differ, or the filter narrower: `gatepost directory test NAME` shows what it finds."};
inline constexpr Event kNoAccount{
    "outside.no_account", Level::notice, "Somebody proved a password to an outside directory and has no account here.",
    "`dn` is the entry, `address` the address in it.",
    "`gatepost account add`, or people = true for this directory, or a narrower people_filter."};
inline constexpr Event kOutage{
    "outside.outage", Level::warning, "A sign-in was decided by an earlier proof, because no server answered.",
    "`name` gave the password it last proved at `proven` ([[outside_directory]] outlast_outage).",
    "See outside.server_failed."};
inline constexpr Event kRefused{"outside.refused", Level::notice,
                                "An outside directory does not let somebody in whose entry it has.",
                                "`detail` says why: disabled, expired, locked.", "Nothing, or change it there."};

inline constexpr Event kAdded{"outside.added", Level::info,
                              "An account or group was added, because it is in an outside directory.",
                              "`dn` is its entry, `address` what it is called here.", "Nothing."};
inline constexpr Event kDisabled{
    "outside.disabled", Level::notice,
    "An account was disabled and its sessions ended, because of an outside directory.",
    "`reason`: it is disabled or expired there, or its entry is gone. Nothing of it is deleted.",
    "`gatepost account delete`, when its mail is to go, too."};
inline constexpr Event kEnabled{"outside.enabled", Level::notice,
                                "An account that an outside directory had disabled is enabled again.",
                                "Its entry is back, or enabled there again.", "Nothing."};
inline constexpr Event kAddressTaken{"outside.address_taken", Level::warning,
                                     "An address of an outside directory belongs to somebody else here.",
                                     "`account` was to get `address`.", "Decide whose it is, here or there."};
inline constexpr Event kSafetyStop{
    "outside.safety_stop", Level::error,
    "An outside directory would have disabled too many accounts at once; none was.",
    "`would` of `all` are gone or disabled there, more than most_gone_percent. Additions were made.",
    "If it is right, raise most_gone_percent for a while; if not, look at base, people_filter and the service "
    "account's "
    "rights: `gatepost directory status`."};
inline constexpr Event kRefreshFailed{
    "outside.refresh_failed", Level::error, "People of an outside directory could not be brought in step.",
    "`detail` says why. Nobody is disabled for that; it is tried again.", "`gatepost directory status`."};

inline constexpr std::array kAll{kServerFailed, kServerBack, kAmbiguous, kNoAccount,    kOutage,     kRefused,
                                 kAdded,        kDisabled,   kEnabled,   kAddressTaken, kSafetyStop, kRefreshFailed};

}  // namespace gatepost::outside::event
