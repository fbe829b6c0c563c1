#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "gate/ruleset/model.hpp"

namespace gatepost::gate {

inline constexpr std::size_t kMaxRulesetOctets = 256 << 20;

// What iptables-nft-save and ip6tables-nft-save write of the same ruleset, and `ipset save` of the sets they name;
// empty: not known.
struct IptablesListings {
  std::string v4, v6;
  std::string sets = {};
};

// Reads what `nft -j list ruleset` writes (libnftables-json(5)), of every family. Expressions it does not know become
// Opaque and a note. Rules that use extensions of iptables, of which that list has the names alone, are read from
// `listings`. Errc::invalid: not such a list. Errc::too_large: more than it judges (octets, chains, rules, elements).
// Safe on hostile input.
Result<Ruleset> read_ruleset(std::string_view json, const IptablesListings& listings = {});

// A ruleset of iptables' listings alone; an empty one has no chains. Errors as of iptables::read_saved().
Result<Ruleset> read_iptables(const IptablesListings& listings);

}  // namespace gatepost::gate
