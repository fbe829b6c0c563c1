#pragma once

#include <string>
#include <string_view>

#include "imap/protocol/command_search.hpp"

namespace gatepost::imap::server {

// What a choice of mailboxes asks of one (RFC 5465 6), or of a name that is none.
struct Candidate {
  std::string_view name;  // as the client knows it
  bool is_inbox = false, subscribed = false;
  bool personal = true;  // one's own
};

// Names as paths are written: INBOX in capitals. Before the others.
void make_canonical(MailboxFilter& filter);
// Nothing is the selected mailbox here.
bool is_meant(const Candidate& mailbox, const MailboxFilter& filter);
// Whether a mailbox below `top`, which is none itself, may be one that the names of the choice mean.
bool reaches_below(const MailboxFilter& filter, std::string_view top);

// Whether `path` is `top` or below it; only_next: no further down than one level.
bool is_below(std::string_view path, std::string_view top, bool only_next);

}  // namespace gatepost::imap::server
