#pragma once

#include <array>

#include "base/log.hpp"

namespace gatepost::daemon::certificate_event {

inline constexpr Event kRenewed{"certificate.renewed", Level::notice, "A certificate came from the authority.",
                                "New sessions are shown it; open ones go on.", "Nothing."};
inline constexpr Event kFailed{
    "certificate.failed", Level::warning, "A certificate could not be got or renewed.",
    "`cause` says why, `remedy` what to do. The one before is served until it ends; it is tried again at `retry_at`.",
    "Do what `remedy` says, then: gatepost certificate renew NAME."};
inline constexpr Event kEnding{"certificate.ending", Level::error, "A certificate ends soon and was not renewed.",
                               "At `not_after` clients begin to refuse the server.",
                               "gatepost certificate show NAME says what went wrong last."};
inline constexpr Event kReloaded{"certificate.reloaded", Level::notice, "A changed certificate was read.",
                                 "New sessions are shown it; open ones go on.", "Nothing."};
inline constexpr Event kFileRefused{
    "certificate.file_refused", Level::warning, "A changed certificate file is of no use.",
    "The server goes on with what it read before. `detail` says what is wrong: half written, or a key of another "
    "certificate.",
    "Mend the files; they are looked at again when they change."};
inline constexpr Event kProbed{"certificate.probed", Level::info, "All ports with TLS show the new certificate.",
                               "The server connected to itself after the certificate had changed.", "Nothing."};
inline constexpr Event kProbeFailed{
    "certificate.probe_failed", Level::warning, "A port does not show the new certificate as it should.",
    "The server connected to itself; `finding` is what it saw at `at`.", "gatepost probe looks at all ports."};
inline constexpr Event kSuggested{
    "certificate.suggested", Level::notice, "The authority wants a certificate to be renewed earlier.",
    "It will be, at `renew_at`. `explanation` leads to its reason, when it gives one.", "Nothing."};
inline constexpr Event kRevoked{"certificate.revoked", Level::notice, "A replaced certificate was revoked.",
                                "The authority was asked to, for [acme] revoke_replaced is on.", "Nothing."};
inline constexpr Event kRevokeFailed{"certificate.revoke_failed", Level::warning,
                                     "A replaced certificate could not be revoked.", "It is good until it ends.",
                                     "Ask the authority, when its key is known to others."};
inline constexpr Event kHookWanted{"certificate.hook_wanted", Level::notice,
                                   "A hook program has to change a DNS record.",
                                   "`action` and `record` say how; gatepost certificate hook PROGRAM does it.",
                                   "See to it that gatepost-dns-hook.service runs."};

inline constexpr std::array kAll{kRenewed,     kFailed,    kEnding,  kReloaded,     kFileRefused, kProbed,
                                 kProbeFailed, kSuggested, kRevoked, kRevokeFailed, kHookWanted};

}  // namespace gatepost::daemon::certificate_event
