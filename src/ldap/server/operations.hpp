#pragma once

#include "ldap/server/session.hpp"

namespace gatepost::ldap::server {

// A request: which controls go with it, whether somebody must have signed in, and what answers it.
struct OperationRow {
  std::string_view name;
  On on = On::none;
  bool for_all = false;
  Task<Next> (Session::*run)(Operation);
};
const OperationRow& row_of(const Request& request);

// Extended operations that are answered; supportedExtension.
std::vector<std::string_view> known_extensions();

}  // namespace gatepost::ldap::server
