#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "account/types.hpp"
#include "base/bytes.hpp"
#include "imap/server/mailbox.hpp"

namespace gatepost::imap::server {

// RFC 8474: names of mailboxes and messages that no rename and no move changes. Unique within an account.
inline std::string mailbox_id(account::FolderId id) { return "F" + std::to_string(static_cast<std::uint32_t>(id)); }
// The same, in another's account: numbers of folders are unique in one account only.
inline std::string mailbox_id(const Location& place, account::FolderId id) {
  if (place.own()) return mailbox_id(id);
  return mailbox_id(id) + "-" + std::to_string(static_cast<std::uint64_t>(place.account->id()));
}
inline std::string mailbox_id(const Mailbox& mailbox, account::FolderId id) { return mailbox_id(mailbox.place, id); }
// Made of what a message is: RFC 8474 5.1 asks that a copy has the same one.
inline std::string email_id(const account::Body& body, TimePoint received) {
  const std::string_view hash(reinterpret_cast<const char*>(body.sha256.data()), 16);
  return "M" + to_hex(hash) + "-" +
         std::to_string(std::chrono::floor<std::chrono::seconds>(received).time_since_epoch().count());
}
// Of the conversation that a message is in (RFC 8474 5.2).
inline std::string thread_id(account::AccountId account, account::ItemId thread) {
  return "T" + std::to_string(static_cast<std::uint64_t>(account)) + "-" +
         std::to_string(static_cast<std::uint64_t>(thread));
}

}  // namespace gatepost::imap::server
