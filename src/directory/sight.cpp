#include "directory/sight.hpp"

#include <algorithm>

namespace gatepost::directory {

bool Sight::sees(PrincipalId whom, std::string_view home, bool enabled) const {
  if (role != Role::none || whom == viewer) return true;
  // Accounts that are switched off are seen by those who administer, and by nobody else.
  if (!enabled) return false;
  if (seen == nullptr) return !own_domain_only || home == domain;
  return seen->people.contains(static_cast<std::uint64_t>(whom)) ||
         std::ranges::find(seen->domains, home) != seen->domains.end();
}

bool Sight::sees_domain(std::string_view home) const {
  if (role != Role::none || home == domain) return true;
  return seen != nullptr ? seen->homes.contains(std::string(home)) : !own_domain_only;
}

}  // namespace gatepost::directory
