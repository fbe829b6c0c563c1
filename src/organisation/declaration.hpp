#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.hpp"
#include "directory/principal.hpp"
#include "sharing/rights.hpp"

// An organisation written down: its domains, mailboxes, groups, aliases and who may do what in whose folders, as one
// file that can be compared with what there is, made so, and written from it (docs/directory.md).
namespace gatepost::organisation {

inline constexpr std::size_t kMaxDeclarationOctets = 64 << 20;

struct Domain {
  std::string name;                      // canonical
  std::optional<std::string> catch_all;  // empty: unknown addresses are refused
  std::uint32_t line = 0;                // of the file; 0: not from one
};

// What somebody may do in one folder, or in all and those made later.
struct Right {
  std::string who;  // as sharing::Entry::identifier, with '-' in front where it takes away
  sharing::Rights rights;
  std::optional<std::string> folder;  // none: everywhere
  bool operator==(const Right&) const = default;
};

// Who may send as a mailbox or group, and who on its behalf: all there are, canonical, sorted. What is not set is left
// as it is.
struct Senders {
  std::optional<std::vector<std::string>> send_as, send_on_behalf;
};

// Of a person, a shared mailbox or a room. What is not set is left as it is.
struct Mailbox {
  std::string address;
  directory::PrincipalKind kind = directory::PrincipalKind::person;
  std::optional<std::string> name;
  std::optional<bool> enabled;
  std::optional<directory::Role> role;
  std::optional<std::uint64_t> quota_octets, quota_messages;
  std::optional<directory::Contact> contact;  // all there is
  std::optional<std::vector<Right>> rights;   // all there are
  Senders senders;
  std::optional<bool> copy_sent;  // of what others send as it
  std::optional<bool> own_seen;   // others have read and unread of their own
  std::optional<bool> password_never_expires;
  std::uint32_t line = 0;
};

// A contact: somebody elsewhere whom address books show.
struct Outsider {
  std::string address;
  std::string domain;  // whose address book it is in
  std::optional<std::string> name;
  std::optional<bool> enabled;
  std::optional<directory::Contact> contact;  // all there is
  std::uint32_t line = 0;
};

// Has members or a rule that they follow from.
struct Group {
  std::string address;
  std::optional<std::string> name;
  std::optional<std::vector<std::string>> members;  // all there are: canonical, sorted
  std::optional<std::string> rule;                  // member_rule.hpp
  Senders senders;
  std::uint32_t line = 0;
};

// Who sees whom: domains and addresses, canonical, sorted.
struct AddressBook {
  std::string name;
  std::vector<std::string> viewers, shown;
  std::uint32_t line = 0;
};

struct Alias {
  std::string address;
  std::vector<std::string> targets;  // canonical, in the order mail goes to them
  std::uint32_t line = 0;
};

struct Declaration {
  std::vector<Domain> domains;
  std::vector<Mailbox> mailboxes;
  std::vector<Outsider> contacts;
  std::vector<Group> groups;
  std::vector<Alias> aliases;
  std::vector<AddressBook> address_books;
};

// Reads a file's text; what is wrong with it, every problem and not only the first (200 at most). Whether the names in
// it exist is not looked at.
std::expected<Declaration, std::vector<config::Problem>> parse(std::string_view text, std::string_view filename);

// The text that parse() makes the same of.
std::string to_toml(const Declaration& declaration);

// "user", "shared", "room", "equipment", as everywhere on the command line; nullopt: none of them.
std::optional<directory::PrincipalKind> mailbox_kind_named(std::string_view name);
std::string_view name_of(directory::PrincipalKind kind);  // "group" and "contact", too

}  // namespace gatepost::organisation
