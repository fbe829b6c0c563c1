#pragma once

#include <array>

#include "base/log.hpp"

namespace gatepost::mailflow::event {

inline constexpr Event kAccepted{
    "mail.accepted", Level::info, "A message was taken in.",
    "It is durable: in the local mailboxes named by `local`, or in the queue for `queued` destinations.", "Nothing."};
inline constexpr Event kRefused{
    "mail.refused", Level::notice, "A message was refused after its content had been received.",
    "`code` says why: too_large, limit (mail loop), over_quota, disk_full, unavailable, forbidden (somebody signed in, "
    "and the "
    "From is not theirs: `detail` says which right is missing). The sender was told.",
    "disk_full and unavailable need attention here; `gatepost rights grant` lets somebody send as somebody else; the "
    "others are the sender's business."};
inline constexpr Event kDelivered{"mail.delivered", Level::info, "A queued message reached a destination.",
                                  "`to` has it.", "Nothing."};
inline constexpr Event kDeferred{"mail.deferred", Level::notice, "A delivery attempt failed for the time being.",
                                 "`reply` is what the other server, or this one, said. It is tried again.",
                                 "Nothing, unless it lasts: then look at `reply` and at `gatepost queue list`."};
inline constexpr Event kBounced{
    "mail.bounced", Level::notice, "A message could not be delivered and its sender was told.",
    "`reply` says why. A message from the null sender is dropped instead of bounced.", "Nothing."};
inline constexpr Event kQueueProblem{
    "queue.problem", Level::error, "The queue could not be read or changed.",
    "`detail` has the store's words. No message is lost; delivery of this entry is tried again.",
    "Look at the disk; run `gatepost store check`."};

inline constexpr Event kSentAs{"mail.sent_as", Level::info,
                               "A message was sent as somebody else, or on behalf of somebody.",
                               "`user` signed in and had the `right` of `author` to; `id` is the message's.",
                               "Nothing. `gatepost rights revoke` takes the right back."};
inline constexpr Event kSentCopyProblem{
    "mail.sent_copy_problem", Level::warning,
    "A message that was sent as somebody else could not be put into that one's Sent folder.",
    "It is on its way, and in the folders of who sent it as ever; `detail` says what failed.",
    "Look at `detail`: the mailbox may be full. `gatepost rights copies ADDRESS off` ends such copies."};

inline constexpr Event kVacationAnswered{"vacation.answered", Level::info,
                                         "A sender was told that the recipient is away.",
                                         "`to` wrote to `account`, and is not told again for a while.", "Nothing."};
inline constexpr Event kVacationProblem{
    "vacation.problem", Level::warning, "A sender could not be told that the recipient is away.",
    "His message was delivered; `detail` says what failed.", "Look at `detail`; nothing is lost but the answer."};

inline constexpr Event kFiltered{
    "sieve.filtered", Level::info, "A recipient's script decided what became of a message.",
    "`did` says which rule or line of the script did what; `id` is the message's, as in mail.accepted.", "Nothing."};
inline constexpr Event kScriptFailed{
    "sieve.failed", Level::notice, "A recipient's script failed; the message was put into the inbox.",
    "`detail` has the line and the cause. Nothing else that the script decided for this message was done.",
    "Tell the owner of the account; `detail` is about the script, which is the owner's."};

inline constexpr std::array kAll{kAccepted,         kRefused,         kDelivered, kDeferred,
                                 kBounced,          kQueueProblem,    kSentAs,    kSentCopyProblem,
                                 kVacationAnswered, kVacationProblem, kFiltered,  kScriptFailed};

}  // namespace gatepost::mailflow::event
