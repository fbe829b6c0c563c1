#pragma once

#include <string>

#include "account/types.hpp"

namespace gatepost::imap::server {

// RFC 8474: names of mailboxes and messages that no rename and no move changes. Unique within an account.
inline std::string mailbox_id(account::FolderId id) { return "F" + std::to_string(static_cast<std::uint32_t>(id)); }
inline std::string email_id(account::ItemId id) { return "M" + std::to_string(static_cast<std::uint64_t>(id)); }

}  // namespace gatepost::imap::server
