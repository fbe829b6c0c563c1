#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "jmap/context.hpp"

// Principals and notifications of sharing (RFC 9670), and with whom a mailbox is shared.
namespace gatepost::jmap {

Answer principal_get(Call& call);
Answer principal_changes(Call& call);
Answer principal_set(Call& call);
Answer principal_query(Call& call);
Answer principal_query_changes(Call& call);
Answer share_notification_get(Call& call);
Answer share_notification_changes(Call& call);
Answer share_notification_set(Call& call);
Answer share_notification_query(Call& call);
Answer share_notification_query_changes(Call& call);

// The state of all principals, and that of the directory at such a change (Directory::change()).
std::string principal_state(std::uint64_t change);

// The state of an account's notifications; of none where they cannot be read. Blocks.
std::string share_notification_state(account::Account& account);

std::string principal_name(directory::PrincipalId id);
std::optional<directory::PrincipalId> read_principal(std::string_view id);
// Whether the user may know of it.
bool is_visible(const Context& context, const directory::Principal& principal);

// Rights as the members of "myRights" and "shareWith" (RFC 8621 2, and "mayShare"). `holds`: it may have messages.
json::object rights_object(sharing::Rights rights, bool holds);
// "shareWith" of a mailbox (RFC 9670 4); null for who may not change it. Blocks.
Result<json::value> share_with(const Access& access, const account::Folder& folder);
// Shares with those of `wished` alone; grants that no principal has (anyone, aliases) and those that take away stay.
// Errors: forbidden, invalidProperties.
Outcome<> set_share_with(const Context& context, const Access& access, const account::Folder& folder,
                         const json::value& wished);

}  // namespace gatepost::jmap
