#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "directory/principal.hpp"

namespace gatepost::directory {

inline constexpr std::size_t kMaxRuleOctets = 2000;
inline constexpr std::size_t kMaxRuleNodes = 100;

// Whom a group has by a rule: a filter (RFC 4515) over what is known of each one himself, by the attributes that the
// LDAP server shows: objectClass, cn, displayName, sn, givenName, uid, mail and the contact details. Values compare as
// there (RFC 4517, RFC 4518). Immutable.
class MemberRule {
 public:
  // Errc::invalid: no filter, or one that asks for what no rule knows; the detail is a sentence for administrators.
  // Errc::limit: over a limit above.
  static Result<std::shared_ptr<const MemberRule>> compile(std::string_view filter);
  // Never a group, nor whoever is disabled.
  bool fits(const Principal& principal) const;

 private:
  enum class Kind : std::uint8_t { all, any, negation, equal, parts, at_least, at_most, present };
  struct Node {
    Kind kind = Kind::present;
    std::uint32_t end = 0;  // behind all that is below
    std::uint16_t source = 0;
    std::string value;               // prepared
    std::string folded;              // equal, and plain ASCII: what most values are compared by
    std::vector<std::string> parts;  // prepared
    bool from_start = false, to_end = false;
  };
  struct Compiler;

  bool fits(const Principal& principal, std::uint32_t at) const;
  static bool holds(const Node& node, const Principal& principal);

  std::vector<Node> nodes_;
};

}  // namespace gatepost::directory
