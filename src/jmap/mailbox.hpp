#pragma once

#include "jmap/sort_order.hpp"
#include "jmap/standard.hpp"

// Mailboxes (RFC 8621 2).
namespace gatepost::jmap {

Answer mailbox_get(Call& call);
Answer mailbox_changes(Call& call);
Answer mailbox_query(Call& call);
Answer mailbox_query_changes(Call& call);
Answer mailbox_set(Call& call);

// The properties of a mailbox that are wanted, as the user sees it. `copied`: copied_emails(); `orders`:
// SortOrders::of() the account.
Outcome<json::object> mailbox_object(Context& context, const Access& access, const account::Folder& folder,
                                     const CopiedEmails* copied, const SortOrders::Orders& orders,
                                     const std::function<bool(std::string_view)>& wants);

// Folder roles as JMAP names them (the registry of RFC 8621 10.5). "": none.
std::string_view role_name(account::Role role);
std::optional<account::Role> role_named(std::string_view name);

}  // namespace gatepost::jmap
