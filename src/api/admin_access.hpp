#pragma once

#include <span>
#include <string_view>

#include "base/result.hpp"
#include "directory/directory.hpp"

// Which of the administrators' verbs may be asked for by the web, by whom, and with what. Pure but for a look into the
// directory.
namespace gatepost::api {

struct AdminVerb {
  std::string_view name;  // as admin::Verb
  directory::Role least;  // auditor: looks, helpdesk: and helps people, admin: everything
  bool changes = true;
  std::string_view options;  // names of what it takes, blanks between; a "*" behind those that may be lists
};

// In the order of their names. Not there: what ends the server, long work on the store, what moves files, and what only
// the command line has (a password in words it does not show, descriptors).
std::span<const AdminVerb> admin_verbs();
const AdminVerb* find_admin_verb(std::string_view name);

// Whether `role` is `least` or more. Role::none is nothing's.
bool has_role(directory::Role role, directory::Role least);

// Errc::denied: a helper may not touch somebody who has a role, nor give one away. `subject`: the address the verb is
// about, "" for none; `sets_role`: whether it changes a role.
Result<> check_subject(directory::Directory& directory, directory::Role role, std::string_view subject, bool sets_role);

}  // namespace gatepost::api
