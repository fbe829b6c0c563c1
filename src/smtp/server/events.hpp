#pragma once

#include <array>

#include "base/log.hpp"

namespace gatepost::smtp::server::event {

inline constexpr Event kSenderRefused{
    "smtp.sender_refused", Level::notice, "MAIL was refused.",
    "`reply` says why. `user` signed in and tried to send as an address that is not theirs (`detail` says which right "
    "is "
    "missing), or a limit was reached.",
    "Give the account an alias when it should own the address, or a right to send (gatepost rights grant); raise the "
    "limit in [limits] when it is too low."};
inline constexpr Event kRecipientRefused{
    "smtp.recipient_refused", Level::notice, "RCPT was refused.",
    "`reply` says why: no such user, or a stranger who wanted mail relayed to another domain.",
    "Nothing; many of them from one address are somebody who guesses names or looks for an open relay."};
inline constexpr Event kBareLineEnd{
    "smtp.bare_line_end", Level::notice, "A message with a CR or LF alone was refused.",
    "RFC 5321 forbids it, and such messages are used to smuggle others past servers that read them differently.",
    "When a device of yours sends so: let it send by a program that writes proper line ends, or set "
    "[smtp] bare_line_ends = \"normalise\"."};
inline constexpr Event kHungUp{
    "smtp.hung_up", Level::notice, "A connection was closed because of what the client did.",
    "`why` says what: too many bad commands, another protocol, a chunk of unknown size, far too much data.",
    "Nothing."};
inline constexpr Event kRevoked{"smtp.revoked", Level::info, "A session was ended because its account changed.",
                                "The account of `user` was switched off, removed or got another password.", "Nothing."};
inline constexpr Event kTimedOut{"smtp.timed_out", Level::info, "A client was silent or too slow for too long.",
                                 "The connection was closed; a message on its way was dropped.", "Nothing."};

inline constexpr std::array kAll{kSenderRefused, kRecipientRefused, kBareLineEnd, kHungUp, kRevoked, kTimedOut};

}  // namespace gatepost::smtp::server::event
