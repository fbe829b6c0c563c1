#pragma once

#include <string_view>

#include "base/result.hpp"
#include "gate/ruleset/model.hpp"

namespace gatepost::gate {

inline constexpr std::size_t kMaxRulesetOctets = 256 << 20;

// Reads what `nft -j list ruleset` writes (libnftables-json(5)), of every family. Expressions it does not know become
// Opaque and a note. Errc::invalid: not such a list. Errc::too_large: more than it judges (octets, chains, rules,
// elements). Safe on hostile input.
Result<Ruleset> read_ruleset(std::string_view json);

}  // namespace gatepost::gate
