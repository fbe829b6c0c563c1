#pragma once

#include <array>

#include "base/log.hpp"

namespace gatepost::ldap::server::event {

inline constexpr Event kBroken{"ldap.broken", Level::info, "An LDAP client broke the protocol and was disconnected.",
                               "`detail` has the rule.", "Nothing, unless it is a device of yours."};
inline constexpr Event kChanged{"ldap.changed", Level::notice, "The directory was changed by LDAP.",
                                "`account` did it, `operation` is what, `entry` whose.", "Nothing."};
inline constexpr Event kDenied{"ldap.denied", Level::notice, "Somebody wanted to change what is not his to change.",
                               "`account` tried `operation` on `entry`. The answer was a refusal.",
                               "Nothing, or a role for him: gatepost account set ADDRESS role=helpdesk."};
inline constexpr Event kPasswordChanged{"ldap.password_changed", Level::notice, "A password was changed by LDAP.",
                                        "`account` did it, `entry` has the new one; its sessions were ended.",
                                        "Nothing."};
inline constexpr Event kRead{"ldap.read", Level::notice, "The directory was read for LDAP for the first time.",
                             "`entries` are in memory, after `milliseconds`.", "Nothing."};

inline constexpr std::array kAll{kBroken, kChanged, kDenied, kPasswordChanged, kRead};

}  // namespace gatepost::ldap::server::event
