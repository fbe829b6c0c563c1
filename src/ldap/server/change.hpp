#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/secret.hpp"
#include "directory/directory.hpp"
#include "ldap/protocol/message.hpp"
#include "ldap/server/tree.hpp"

// What a modify or an add means for the directory. Pure but for look-ups in the tree.
namespace gatepost::ldap::server {

// One commit of the directory each: a modify is all or nothing (RFC 4511 4.6).
struct NewPrincipal {
  directory::Principal principal;
};
struct NewMembers {
  std::vector<std::string> added, removed;
};
struct NewPhoto {
  std::string octets;  // empty: none any more
};
struct NewPassword {
  Secret password;
};
struct NewDemand {
  bool must_change = false;  // the password, at the next sign-in
};
using Change = std::variant<NewPrincipal, NewMembers, NewPassword, NewPhoto, NewDemand>;

// `principal` is who `entry` shows. The outcome says why it cannot be.
std::variant<Change, Outcome> plan_modify(Tree& tree, const Viewer& viewer, const Entry& entry,
                                          const directory::Principal& principal,
                                          const std::vector<ModifyRequest::Change>& changes);

// A new entry: who it is, and with what.
struct NewEntry {
  directory::PrincipalKind kind = directory::PrincipalKind::person;
  std::string address, display_name;
  std::string home;  // of a contact
  directory::Contact contact;
  std::optional<Secret> password;
  std::vector<std::string> members;
};
std::variant<NewEntry, Outcome> plan_add(Tree& tree, const AddRequest& request);

}  // namespace gatepost::ldap::server
