#include "ldap/server/operations.hpp"

#include <array>

#include "ldap/protocol/oids.hpp"

namespace gatepost::ldap::server {
namespace {

// In the order of Request.
constexpr std::array<OperationRow, std::variant_size_v<Request>> kOperationRows{{
    {"bind", On::bind, true, &Session::bind},
    {"unbind", On::none, true, &Session::unbind},
    {"search", On::search, true, &Session::search},  // looks itself: the root DSE is for everybody
    {"modify", On::modify, false, &Session::modify},
    {"add", On::add, false, &Session::add},
    {"delete", On::remove, false, &Session::remove},
    {"modify dn", On::modify_dn, false, &Session::modify_dn},
    {"compare", On::compare, false, &Session::compare},
    {"abandon", On::none, true, &Session::abandon},
    {"extended", On::extended, true, &Session::extended},
}};

}  // namespace

const OperationRow& row_of(const Request& request) { return kOperationRows[request.index()]; }

std::vector<std::string_view> known_extensions() {
  return {oid::kStartTls, oid::kWhoAmI, oid::kPasswordModify, oid::kCancel};
}

}  // namespace gatepost::ldap::server
