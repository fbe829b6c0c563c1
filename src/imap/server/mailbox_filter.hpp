#pragma once

#include <string>
#include <string_view>

#include "account/types.hpp"
#include "imap/protocol/command_search.hpp"

namespace gatepost::imap::server {

// What a choice of mailboxes asks of one (RFC 5465 6, RFC 7377 2.2), or of a name that is none.
struct Candidate {
  std::string_view path;
  bool is_inbox = false, subscribed = false;
};
inline Candidate candidate(const account::Folder& folder) {
  return {folder.path, folder.role == account::Role::inbox, folder.subscribed};
}

// Names as paths are written: INBOX in capitals. Before is_meant().
void make_canonical(MailboxFilter& filter);
// Nothing is the selected mailbox here.
bool is_meant(const Candidate& mailbox, const MailboxFilter& filter);

}  // namespace gatepost::imap::server
