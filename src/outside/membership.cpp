#include "outside/membership.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace gatepost::outside {
namespace {

// What is in one group, people by address and groups by name.
struct Content {
  std::string address;  // of the group here; empty: it is none
  std::set<std::string> people;
  std::set<std::string> groups;  // normal_dn()
};
using Contents = std::unordered_map<std::string, Content>;

// Breadth first, so that depth costs no stack; each group without an address is opened once.
std::vector<std::string> members_of(const Contents& all, const std::string& group) {
  const Content& own = all.at(group);
  std::set<std::string> out;
  std::set<std::string> seen{group};
  std::vector<const Content*> open{&own};
  while (!open.empty()) {
    const Content& one = *open.back();
    open.pop_back();
    out.insert(one.people.begin(), one.people.end());
    for (const std::string& dn : one.groups) {
      const auto inner = all.find(dn);
      if (inner == all.end() || !seen.insert(dn).second) continue;
      if (!inner->second.address.empty()) {
        out.insert(inner->second.address);
      } else {
        open.push_back(&inner->second);
      }
    }
  }
  out.erase(own.address);
  return {out.begin(), out.end()};
}

}  // namespace

std::map<std::string, std::vector<std::string>> memberships(const std::vector<Group>& groups,
                                                            const std::vector<Person>& people,
                                                            const std::function<std::string(const Person&)>& person_of,
                                                            const std::function<std::string(const Group&)>& group_of) {
  Contents all;
  for (const Group& group : groups) all[group.dn].address = group_of(group);
  std::unordered_map<std::string, std::string> by_dn;
  std::unordered_map<std::string, std::string> by_uid;
  for (const Person& person : people) {
    const std::string address = person_of(person);
    if (address.empty()) continue;
    by_dn.emplace(normal_dn(person.dn), address);
    if (!person.uid.empty()) by_uid.emplace(person.uid, address);
    for (const std::string& dn : person.member_of) {
      if (const auto at = all.find(dn); at != all.end()) at->second.people.insert(address);
    }
  }
  for (const Group& group : groups) {
    Content& content = all[group.dn];
    for (const std::string& dn : group.members) {
      if (const auto at = by_dn.find(dn); at != by_dn.end()) {
        content.people.insert(at->second);
      } else {
        content.groups.insert(dn);
      }
    }
    for (const std::string& uid : group.uids) {
      if (const auto at = by_uid.find(uid); at != by_uid.end()) content.people.insert(at->second);
    }
    for (const std::string& dn : group.member_of) {
      if (const auto at = all.find(dn); at != all.end()) at->second.groups.insert(group.dn);
    }
  }
  std::map<std::string, std::vector<std::string>> out;
  for (const Group& group : groups) {
    const std::string& address = all[group.dn].address;
    if (!address.empty()) out.emplace(address, members_of(all, group.dn));
  }
  return out;
}

}  // namespace gatepost::outside
