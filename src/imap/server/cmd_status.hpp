#pragma once

#include <string>

#include "imap/protocol/command_list.hpp"
#include "imap/server/mailbox.hpp"

namespace gatepost::imap::server {

// A STATUS response with `items`. Blocks when reads_rows(items); else it is answered from memory.
Result<> write_folder_status(std::string& out, const Mailbox& mailbox, StatusItems items, std::uint64_t append_limit,
                             bool utf8);
constexpr bool reads_rows(StatusItems items) {
  return has(items, StatusItem::recent) || has(items, StatusItem::deleted_storage);
}

}  // namespace gatepost::imap::server
