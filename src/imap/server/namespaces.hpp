#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "directory/principal.hpp"

namespace gatepost::imap::server {

// Where other people's mailboxes and shared ones are found (RFC 2342 5): "Other Users/anna@example.org/INBOX",
// "Shared/sales@example.org/Leads". One's own have no prefix.
inline constexpr std::string_view kOtherUsers = "Other Users", kShared = "Shared";

// "Shared/sales@example.org". The delimiter and LIST's wildcard in an address are percent-encoded.
std::string root_of(const directory::Principal& principal);
// "Shared" or "Other Users".
std::string_view namespace_of(const directory::Principal& principal);

struct ForeignName {
  std::string_view root;  // kOtherUsers or kShared
  std::string address;    // empty: the name is the root itself
  std::string path;       // within that account; empty: its top
};
// nullopt: the name does not lie in these namespaces.
std::optional<ForeignName> parse_foreign(std::string_view name);

}  // namespace gatepost::imap::server
