#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "account/account.hpp"
#include "mailflow/queue.hpp"

namespace gatepost::mailflow {

// Whether `header` says that the account with this address has redirected the message before: a loop.
bool was_redirected_by(std::string_view header, std::string_view owner);

// Puts the message of `entry` into the queue once more, for `recipients`, with a field that says who redirects it. The
// return path is the owner's, who hears of failures and whose server other servers expect it from; the null path stays
// what it is (RFC 5321 4.5.5). Durable when it returns. Blocks.
Result<QueueId> redirect_message(account::Accounts& accounts, Queue& queue, const QueueEntry& entry,
                                 std::string_view owner, std::vector<RecipientState> recipients, TimePoint now);

}  // namespace gatepost::mailflow
