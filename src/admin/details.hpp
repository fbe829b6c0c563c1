#pragma once

#include "admin/command.hpp"
#include "directory/principal.hpp"

// What is known about people, groups and contacts beside their mail: read and changed by several verbs.
namespace gatepost::admin {

// Applies the options "set", KEY=VALUE each, and keeps the principal.
Reply set_details(Services& services, const Request& request, directory::Principal principal);
Reply show_details(Services& services, const directory::Principal& principal);

}  // namespace gatepost::admin
