#pragma once

#include <array>

#include "base/log.hpp"

namespace gatepost::imap::server::event {

inline constexpr Event kSignedIn{"imap.signed_in", Level::info, "Somebody signed in by IMAP.",
                                 "`account` opened; `tls` is the version of TLS, or no.", "Nothing."};
inline constexpr Event kNotOpened{"imap.not_opened", Level::error,
                                  "An account could not be opened by IMAP although the sign-in was right.",
                                  "`code` and `detail` have the store's words. The client was told to try later.",
                                  "Look at the disk; run `gatepost store check`."};
inline constexpr Event kClosed{"imap.closed", Level::info, "An IMAP session ended.",
                               "`commands` were answered for `account`.", "Nothing."};
inline constexpr Event kRevoked{"imap.revoked", Level::info, "A session was ended because its account changed.",
                                "The account was switched off, removed or got another password.", "Nothing."};
inline constexpr Event kTimedOut{"imap.timed_out", Level::info, "A client was silent for too long.",
                                 "The connection was closed; a message on its way was dropped.", "Nothing."};
inline constexpr Event kHungUp{
    "imap.hung_up", Level::notice, "A connection was closed because of what the client did.",
    "`why` says what: too many bad commands or wrong passwords, another protocol, far too much data.", "Nothing."};
inline constexpr Event kClient{"imap.client", Level::debug, "A client said what program it is.",
                               "`said` has the fields of its ID command, as sent.", "Nothing."};
inline constexpr Event kQuotaSet{"imap.quota_set", Level::notice, "An administrator set an account's limits by IMAP.",
                                 "`by` set those of `account` to `octets` and `messages`; 0 is no limit of its own.",
                                 "Nothing; `gatepost account quota` sets others."};
inline constexpr Event kFailed{
    "imap.failed", Level::error, "A command failed because of this server.",
    "`code` and `detail` have the store's words. The client was told that it failed; nothing was half done.",
    "For disk_full make room; else look at the disk and run `gatepost store check`."};

inline constexpr std::array kAll{kSignedIn, kNotOpened, kClosed,   kRevoked, kTimedOut,
                                 kHungUp,   kClient,    kQuotaSet, kFailed};

}  // namespace gatepost::imap::server::event
