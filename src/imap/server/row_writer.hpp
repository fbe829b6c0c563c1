#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "account/account.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {

// What a FETCH response about a message's row tells.
struct RowItems {
  bool uid, flags, modseq;
};

// `names` as Session::keywords() gives them; not looked at without flags. The row is of the selected mailbox.
void write_row(Session& session, const account::Row& row, const std::vector<std::string>& names, RowItems what);

// The rows of these messages as they are now, read in pages and sent before the next is read: bounded memory however
// many they are. Those that the session counts as told already (Selected::is_told) are left out with `not_told`. How
// many were there; nullopt: the peer is gone.
Task<Result<std::optional<std::uint64_t>>> write_rows(Session& session, NumberSet uids, RowItems what,
                                                      bool not_told = false);

}  // namespace gatepost::imap::server
