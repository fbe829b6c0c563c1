#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gate/ruleset/reader.hpp"

namespace gatepost::gate {

// What the tools of iptables say of this network namespace.
struct Listings {
  IptablesListings nft;     // of the ruleset that nft lists, too: there with the names of extensions alone
  IptablesListings legacy;  // of the store beside it
};

// Asks only where it is needed: when the ruleset has extensions, when legacy tables are loaded. Empty where a tool is
// missing, fails, takes longer than 10 s or writes more than iptables::kMaxOctets; of a family that has no legacy table
// a comment alone.
Listings iptables_listings(std::string_view ruleset_json, const std::vector<std::string>& legacy_tables);

}  // namespace gatepost::gate
