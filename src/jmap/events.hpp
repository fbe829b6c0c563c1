#pragma once

#include <array>

#include "base/log.hpp"

namespace gatepost::jmap::event {

inline constexpr Event kPushProblem{
    "jmap.push_problem", Level::warning, "News could not be made ready for a push service.",
    "`account` subscribed to them; `detail` says what failed. It is tried again within the hour.",
    "Look at `detail`; mail is not touched by it."};

inline constexpr Event kPushRefused{
    "jmap.push_refused", Level::notice, "A push service did not take a message.",
    "`status` is what `service` answered, or `detail` why it did not. 404 and 410 end the subscription, and so does an "
    "address that is not public; everything else is tried again, less and less often.",
    "Nothing, unless it is always the same service: then look whether outgoing HTTPS reaches it."};

inline constexpr Event kSnoozeProblem{
    "jmap.snooze_problem", Level::warning, "A message that was put off could not come back when its time had come.",
    "`account` is whose it is; `detail` says what failed. It is tried again every minute.",
    "Look at `detail`: an account that is over its quota takes nothing."};

inline constexpr Event kForwarding{
    "account.forwarding", Level::notice, "Somebody changed where all his mail is sent on to.",
    "`name` did it in the webmail, or by another program over JMAP; `to` is empty when it ends. `copy` says whether "
    "the "
    "mail stays in the mailbox, too. What an administrator does is in `admin.done`.",
    "Ask `name`, if that address is a surprise: a stolen password is often used for this."};

inline constexpr std::array kAll{kPushProblem, kPushRefused, kSnoozeProblem, kForwarding};

}  // namespace gatepost::jmap::event
