#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "outside/person.hpp"

namespace gatepost::outside {

// Who is in each group that is to be one here: by address, sorted, each once. Membership is taken from both sides
// (member, uniqueMember and memberUid of groups; memberOf of people and groups). A group in it that is one here, too,
// is a member; one that is not (without an address) is replaced by those in it, however deep, circles included.
// `person_of`, `group_of`: the address of the account, or group, here; empty: there is none.
std::map<std::string, std::vector<std::string>> memberships(const std::vector<Group>& groups,
                                                            const std::vector<Person>& people,
                                                            const std::function<std::string(const Person&)>& person_of,
                                                            const std::function<std::string(const Group&)>& group_of);

}  // namespace gatepost::outside
