#include "imap/server/list_entry.hpp"

#include <span>

#include "imap/protocol/response.hpp"

namespace gatepost::imap::server {

std::optional<SpecialUse> special_use_of(account::Role role) {
  switch (role) {
    case account::Role::none:
    case account::Role::inbox:
      return std::nullopt;
    case account::Role::drafts:
      return SpecialUse::drafts;
    case account::Role::sent:
      return SpecialUse::sent;
    case account::Role::trash:
      return SpecialUse::trash;
    case account::Role::junk:
      return SpecialUse::junk;
    case account::Role::archive:
      return SpecialUse::archive;
    case account::Role::all:
      return SpecialUse::all;
    case account::Role::flagged:
      return SpecialUse::flagged;
    case account::Role::important:
      return SpecialUse::important;
  }
  return std::nullopt;
}

account::Role role_of(SpecialUse use) {
  switch (use) {
    case SpecialUse::all:
      return account::Role::all;
    case SpecialUse::archive:
      return account::Role::archive;
    case SpecialUse::drafts:
      return account::Role::drafts;
    case SpecialUse::flagged:
      return account::Role::flagged;
    case SpecialUse::junk:
      return account::Role::junk;
    case SpecialUse::sent:
      return account::Role::sent;
    case SpecialUse::trash:
      return account::Role::trash;
    case SpecialUse::important:
      return account::Role::important;
    case SpecialUse::unknown:
      break;
  }
  return account::Role::none;
}

void write_folder(std::string& out, const account::Folder& folder, const FolderFacts& facts, bool utf8) {
  namespace attribute = list_attribute;
  ListEntry entry{.name = facts.name.value_or(folder.path)};
  entry.attributes = facts.children ? attribute::kHasChildren : attribute::kHasNoChildren;
  if (!folder.selectable) entry.attributes |= attribute::kNoSelect;
  if (facts.subscribed) entry.attributes |= attribute::kSubscribed;
  entry.child_subscribed = facts.child_subscribed;
  entry.old_name = facts.old_name;
  const auto use = facts.name ? std::nullopt : special_use_of(folder.role);
  if (use) entry.special_use = std::span(&*use, 1);
  write_list(out, entry, utf8);
}

std::string_view without_trailing_delimiter(std::string_view name) {
  if (name.size() > 1 && name.ends_with('/')) name.remove_suffix(1);
  return name;
}

}  // namespace gatepost::imap::server
