#pragma once

#include <array>

#include "base/log.hpp"

namespace gatepost::kerberos::event {

inline constexpr Event kKeytabRead{
    "kerberos.keytab_read", Level::info, "The keys for Kerberos tickets were read.",
    "`keytab` has keys of these `services` (imap, smtp, pop, ldap, HTTP); sign-in by ticket "
    "(GSSAPI, Negotiate) is offered by those protocols.",
    "Nothing; a protocol that is missing needs a key, docs/directory.md says how."};
inline constexpr Event kKeytabUnreadable{
    "kerberos.keytab_unreadable", Level::error, "The keys for Kerberos tickets cannot be read.",
    "`detail` says why. GSSAPI is not offered meanwhile; the file is looked at again every few seconds.",
    "Let the server's user read `keytab`. A folder that is new to the running server needs a restart."};

inline constexpr std::array kAll{kKeytabRead, kKeytabUnreadable};

}  // namespace gatepost::kerberos::event
