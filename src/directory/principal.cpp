#include "directory/principal.hpp"

#include <charconv>

#include <fmt/format.h>

namespace gatepost::directory {

std::string_view to_string(Role role) {
  switch (role) {
    case Role::none:
      return "none";
    case Role::auditor:
      return "auditor";
    case Role::helpdesk:
      return "helpdesk";
    case Role::admin:
      return "admin";
  }
  return "";
}

std::optional<Role> role_named(std::string_view name) {
  for (const Role role : {Role::none, Role::auditor, Role::helpdesk, Role::admin}) {
    if (name == to_string(role)) return role;
  }
  return std::nullopt;
}

std::string_view to_string(SendRight right) { return right == SendRight::as ? "send-as" : "send-on-behalf"; }

std::optional<SendRight> send_right_named(std::string_view name) {
  for (const SendRight right : {SendRight::on_behalf, SendRight::as}) {
    if (name == to_string(right)) return right;
  }
  return std::nullopt;
}

std::string_view home_domain(const Principal& principal) {
  if (!principal.home.empty()) return principal.home;
  return std::string_view(principal.address).substr(principal.address.rfind('@') + 1);
}

std::string grantee(PrincipalId id) { return fmt::format("#{}", static_cast<std::uint64_t>(id)); }

std::optional<PrincipalId> principal_of(std::string_view grantee) {
  if (!grantee.starts_with('#') || grantee.find('@') != std::string_view::npos) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, ec] = std::from_chars(grantee.data() + 1, grantee.data() + grantee.size(), number);
  if (ec != std::errc{} || end != grantee.data() + grantee.size()) return std::nullopt;
  return PrincipalId{number};
}

}  // namespace gatepost::directory
