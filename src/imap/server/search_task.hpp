#pragma once

#include <expected>

#include "imap/protocol/command_search.hpp"
#include "imap/server/search_run.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {

// What SEARCH, SORT and THREAD found in the selected mailbox.
struct SearchFound {
  NumberSet uids;               // of Wanted::first and last only that one need be right
  account::Modseq highest = 0;  // of all of them; 0 unless `tells_modseq`
  account::Modseq of_first = 0, of_last = 0;
  bool tells_modseq = false;  // the answer names a MODSEQ (RFC 7162 3.1.5)
  bool missing = false;       // some messages were removed meanwhile
};

// Runs it. An Answer: the command has failed; then a result that is to be saved is empty (RFC 5182 2.1).
Task<std::expected<SearchFound, Answer>> find_messages(Session& session, const Search& search,
                                                       SearchRun::Wanted wanted);

// The highest modseq of these; for answers that name some of what was found (RFC 9394 3.4). Blocks.
Result<account::Modseq> highest_modseq(account::Account& account, account::FolderId folder, const NumberSet& uids);

// How SEARCH and its like end.
Answer end_of_search(bool missing);

}  // namespace gatepost::imap::server
