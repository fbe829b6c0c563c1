#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "directory/principal.hpp"

namespace gatepost::directory {

// What address book policies show, at one moment. Immutable.
struct Seen {
  std::vector<std::string> domains;          // everybody who belongs to them
  std::unordered_set<std::uint64_t> people;  // and these, by PrincipalId; groups, too
  std::unordered_set<std::string> homes;     // the domains that all of these belong to
  std::uint64_t mark = 0;                    // another one whenever it shows others
};

// Whom somebody sees of the others, in every address book: LDAP, JMAP, the webmail, pictures. Whoever has a role sees
// all; others see whom address book policies show them, or, where none is about them, whom [ldap] people_see says.
struct Sight {
  PrincipalId viewer{};
  Role role = Role::none;
  std::string domain;
  bool own_domain_only = false;
  std::shared_ptr<const Seen> seen = nullptr;  // null: no policy is about him. Shared with others it is about

  // `home`: home_domain() of whom.
  bool sees(PrincipalId whom, std::string_view home, bool enabled) const;
  bool sees(const Principal& principal) const { return sees(principal.id, home_domain(principal), principal.enabled); }
  // Whether anybody may be seen who belongs to the domain.
  bool sees_domain(std::string_view home) const;
  // Is there nobody whom he does not see?
  bool sees_all() const { return role != Role::none || (!own_domain_only && seen == nullptr); }
};

}  // namespace gatepost::directory
