#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "account/types.hpp"
#include "imap/protocol/command_list.hpp"

namespace gatepost::imap::server {

struct FolderFacts {
  bool children = false;
  bool subscribed = false;  // and to be told
  bool child_subscribed = false;
  std::optional<std::string_view> old_name = {};  // RFC 9051 6.3.9.7
  // Of another's folder: its name for this client. What it is for, it is for its owner: not told.
  std::optional<std::string_view> name = {};
};
// A LIST response for a folder that exists.
void write_folder(std::string& out, const account::Folder& folder, const FolderFacts& facts, bool utf8);

// RFC 6154. nullopt, and none: it is for nothing that has a name there.
std::optional<SpecialUse> special_use_of(account::Role role);
account::Role role_of(SpecialUse use);

// "a/b/" as some clients create it is "a/b" (RFC 9051 6.3.4).
std::string_view without_trailing_delimiter(std::string_view name);

}  // namespace gatepost::imap::server
