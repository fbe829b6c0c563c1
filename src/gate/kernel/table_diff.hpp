#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "gate/backend/nft_table.hpp"

namespace gatepost::gate {

// The batch of nft commands that turns the table of `live` into `wanted`, keeping rules (with their counters) and sets
// (with their meters) that stay. `live`: JSON of the whole ruleset as it is; `normal`: JSON of a ruleset that holds
// `wanted` alone, as the kernel lists it. Where a difference cannot be made step by step (another hook, another type of
// set), and when there is no table yet, the batch replaces the table. Empty: nothing to do. Errc::invalid: a listing
// that is none.
Result<std::string> table_changes(const NftTable& wanted, std::string_view normal, std::string_view live);

// `live` with its table of ours replaced by that of `normal`: what the ruleset will be.
Result<std::string> ruleset_with(std::string_view live, std::string_view normal);

// Whether the two rulesets hold the same table of ours but for counters, handles, time that passed, what packets put
// into meters, bans, and the marker.
Result<bool> same_table(std::string_view one, std::string_view other);

// The marker of our table in a ruleset; nullopt: no table, or somebody else made it.
std::optional<Marker> marker_in(std::string_view ruleset);
bool has_our_table(std::string_view ruleset);

// The networks in the ban sets of our table; nullopt: it lacks one of these sets, or is not there.
std::optional<std::vector<Network>> banned_networks(std::string_view ruleset);

// New connections our rules let in, by service, since the rules were loaded.
std::map<std::string, std::uint64_t> connections_let_in(std::string_view ruleset);

}  // namespace gatepost::gate
