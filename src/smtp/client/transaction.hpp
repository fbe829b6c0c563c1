#pragma once

#include "mailflow/queue.hpp"
#include "smtp/client/channel.hpp"
#include "smtp/client/message.hpp"
#include "smtp/client/tally.hpp"

namespace gatepost::smtp::client {

// RFC 5321 4.5.3.1.8: a server must take so many recipients at a time; more are sent in further transactions.
inline constexpr std::size_t kMaxRecipientsAtOnce = 100;

// Sends the message to the open recipients of `tally` over `channel`, in as many transactions as it takes. What this
// server decides is decided; when it is of no use (broken, busy, lacks what the message needs) that is noted and the
// recipients stay open for another one. true: the channel can be used for another message.
Task<bool> send_message(Tools tools, Channel& channel, Message& message, const mailflow::QueueEntry& entry,
                        Tally& tally);

}  // namespace gatepost::smtp::client
