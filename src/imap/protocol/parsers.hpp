#pragma once

#include "imap/protocol/command.hpp"
#include "imap/protocol/tokens.hpp"

// The arguments of each command, read from behind its name (at the space, when there are any). A new command is one
// more function here, one row in command.cpp's table and one alternative of Body.
namespace gatepost::imap {

Body parse_select(Tokens& t, bool read_only);
Body parse_create(Tokens& t);
Body parse_list(Tokens& t);
Body parse_lsub(Tokens& t);
Body parse_status(Tokens& t);
Body parse_search(Tokens& t, bool uid);
PartialRange read_partial_range(Tokens& t);  // from the space in front of it
FetchItems read_fetch_items(Tokens& t);      // "(" fetch-att *(SP fetch-att) ")"
// `names`: counts choices and names of one command, against kMaxSearchedNames.
MailboxFilter read_mailbox_filter(Tokens& t, std::size_t& names);
Body parse_notify(Tokens& t, bool uid);
Body parse_reset_key(Tokens& t, bool uid);
Body parse_gen_url_auth(Tokens& t, bool uid);
Body parse_url_fetch(Tokens& t, bool uid);
Body parse_sort(Tokens& t, bool uid);
Body parse_thread(Tokens& t, bool uid);
Body parse_esearch(Tokens& t, bool uid);
Body parse_cancel_update(Tokens& t, bool uid);
Body parse_fetch(Tokens& t, bool uid);
// "[1.HEADER]" (RFC 9051 9, section).
Section parse_section(Tokens& t);
Body parse_store(Tokens& t, bool uid);
Body parse_get_acl(Tokens& t, bool uid);
Body parse_set_acl(Tokens& t, bool uid);
Body parse_delete_acl(Tokens& t, bool uid);
Body parse_list_rights(Tokens& t, bool uid);
Body parse_my_rights(Tokens& t, bool uid);
Body parse_get_metadata(Tokens& t, bool uid);
Body parse_set_metadata(Tokens& t, bool uid);
std::string read_entry(Tokens& t);                 // of METADATA, in lower case
std::vector<std::string> read_entries(Tokens& t);  // one, or several in parentheses

}  // namespace gatepost::imap
