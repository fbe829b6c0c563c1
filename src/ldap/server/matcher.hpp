#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "ldap/protocol/filter.hpp"
#include "ldap/protocol/schema.hpp"
#include "ldap/server/entry.hpp"

namespace gatepost::ldap::server {

// RFC 4511 4.5.1.7: what cannot be said is neither true nor false.
enum class Truth : std::uint8_t { no, yes, undefined };

// Who is meant by a rule that follows links: filled once per search, immutable then.
using IdSet = std::unordered_set<std::uint64_t>;

// A filter made ready: names looked up, values prepared.
struct Matcher {
  struct Node {
    Filter::Kind kind = Filter::Kind::present;
    std::uint32_t end = 0;
    const AttributeType* type = nullptr;  // null: none that we know, the answer is undefined; or any (extensible)
    Rule rule = Rule::none;
    bool undefined = false;  // whatever the entry has: the value is none of the syntax, or the rule none of ours
    bool any_type = false;   // extensible without a type: all to which the rule applies
    bool dn_attributes = false;
    std::string value;               // prepared
    std::vector<std::string> parts;  // prepared
    bool from_start = false, to_end = false;
    std::shared_ptr<const IdSet> ids;  // transitive_membership: who fits; shared by copies
  };
  std::vector<Node> nodes;
};

// `linked`: for `type` "memberOf", all that are in the group of this name, through groups in groups; for "member" all
// groups that it is in.
Matcher make_matcher(
    const Filter& filter,
    const std::function<std::shared_ptr<const IdSet>(const AttributeType& type, const std::string& normal)>& linked);

Truth matches(const Matcher& matcher, const Entry& entry);
// Does this one value fit the node, which is an assertion about its attribute? For matched values and compare.
bool value_fits(const Matcher::Node& node, std::string_view value);

}  // namespace gatepost::ldap::server
