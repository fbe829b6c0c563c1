#pragma once

#include <vector>

#include "gate/ruleset/reach.hpp"

// Rules that no packet ever comes to, since others decide before.
namespace gatepost::gate {

struct Hidden {
  Step rule;
  std::vector<Step> by;   // what decides in its place, at most three
  bool opposite = false;  // it would have decided otherwise: it does not do what its author thought
  Values ports;           // destination ports it names
};

// Looks at the rules that judge first packets to this host: those of the input hook, and the chains they jump to. Rules
// that are not wholly understood are never called hidden. `complete` false: too complex, nothing was judged.
std::vector<Hidden> hidden_rules(const Ruleset&, const Host&, bool& complete);

}  // namespace gatepost::gate
